from odoo import api, models


class IrUiView(models.Model):
    _inherit = "ir.ui.view"

    @api.model
    def apply_inheritance_specs(self, source, specs_tree, pre_locate=None):
        """What the addon adds to a document is left out where a customised layout has no place for it any more:
        invoices are printed and shown all the same. In forms core's error stays, since a button would be missing."""
        if self.type == "qweb" and (self.key or "").startswith("nets_connect_cloud."):
            for spec in list(specs_tree.iterchildren("xpath")):
                if self.locate_node(source, spec) is None:
                    specs_tree.remove(spec)
        return super().apply_inheritance_specs(source, specs_tree, pre_locate=pre_locate)
