from odoo.exceptions import UserError

if __name__ != "odoo.addons.nets_connect_cloud":
    # Odoo takes the folder's name for the module's, and the installation would fail half-way.
    raise UserError(  # pylint: disable=translation-required
        f"Rename the folder “{__name__.rpartition('.')[2]}” to “nets_connect_cloud”, and update the list of apps: "
        "under another name this module can't be installed."
    )

from . import controllers
from . import models
from . import report
from . import wizard
from .hooks import post_init_hook, uninstall_hook
