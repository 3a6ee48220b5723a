"""The one kind of enumeration this package has."""

from enum import Enum


class TextEnum(str, Enum):  # StrEnum came with Python 3.11; Odoo 19 also runs on 3.10
    """Names that are their texts, wherever they go: compared, stored, formatted, logged."""

    __str__ = str.__str__
    __format__ = str.__format__
