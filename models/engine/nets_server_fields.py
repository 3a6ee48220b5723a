from odoo import api, models


class NetsServerFields(models.AbstractModel):
    """What is readonly is the server's: `readonly` alone holds people back, and not their programs.

    Such fields are evidence (rule 17), or say whose a record is. The engine writes them with all rights. Of Odoo's own
    models, those are meant that the addon adds.
    """

    _name = "nets.server.fields"
    _description = "Fields that only the server writes"

    @api.model
    def _has_field_access(self, field, operation):
        is_ours = self._name.startswith("nets.") or field.name.startswith("nets_")
        if operation == "write" and is_ours and field.store and field.readonly and not self.env.su:
            return False
        return super()._has_field_access(field, operation)

    def write(self, vals):
        result = super().write(vals)
        # Odoo looks at the record as it was before. Rule 24: nor may it go where the user may not write.
        self.check_access("write")
        return result
