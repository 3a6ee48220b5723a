"""What was charged stays in the books as it was charged, through any door that a change may come."""


def changed(record, vals, names):
    """Which of these fields a write would really change.

    :param record: one record
    :param dict vals: as `write` takes them
    :param names: set of names of fields
    :return: list of names
    """

    def is_changed(name):
        field = record._fields[name]
        new = field.convert_to_cache(vals[name], record, validate=False)
        return new != field.convert_to_cache(record[name], record, validate=False)

    return [name for name in names & vals.keys() if is_changed(name)]
