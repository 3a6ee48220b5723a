from odoo import api, models


class IrFilters(models.Model):
    """Favourites are called one thing in all languages: ours are called what each person calls them."""

    _inherit = "ir.filters"

    @api.model
    def get_filters(self, model, *args, **kwargs):
        found = super().get_filters(model, *args, **kwargs)
        if model == "nets.transaction":
            names = self._nets_names()
            for favourite in found:
                favourite["name"] = names.get(favourite["name"], favourite["name"])
        return found

    @api.model
    def _nets_names(self):
        """:return: dict, the names of the addon's own favourites in the user's language, by those that are stored"""
        return {
            "Takings by card, 12 months": self.env._("Takings by card, 12 months"),
            "Takings by terminal and session, 12 months": self.env._("Takings by terminal and session, 12 months"),
            "Why cards were not charged, 12 months": self.env._("Why cards were not charged, 12 months"),
            "Seconds to answer, 12 months": self.env._("Seconds to answer, 12 months"),
        }
