from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..const import FIRST_LOOKUP, LONGEST_PAUSE, PERSON_AFTER


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    nets_confirm_and_pay = fields.Boolean(related="company_id.nets_confirm_and_pay", readonly=False)
    nets_responsible_ids = fields.Many2many(related="company_id.nets_responsible_ids", readonly=False)
    nets_first_lookup = fields.Integer(
        "First lookup after (seconds)",
        config_parameter="nets_connect_cloud.first_lookup",
        default=FIRST_LOOKUP,
        help="A lost result is there some seconds later at the earliest. The pauses between lookups double from this.",
    )
    nets_longest_pause = fields.Integer(
        "Longest pause between lookups (seconds)",
        config_parameter="nets_connect_cloud.longest_pause",
        default=LONGEST_PAUSE,
    )
    nets_person_after = fields.Integer(
        "Call a person after (minutes)",
        config_parameter="nets_connect_cloud.person_after",
        default=PERSON_AFTER,
        help="What is unknown, or charged and not booked, for longer becomes an activity.",
    )
    nets_monitoring_token = fields.Char(
        "Monitoring token",
        config_parameter="nets_connect_cloud.monitoring_token",
        help="Answers /nets_connect_cloud/monitoring to whoever sends it as bearer token. Empty: switched off.",
    )

    @api.constrains("nets_first_lookup", "nets_longest_pause", "nets_person_after", "nets_monitoring_token")
    def _check_nets_times(self):
        for settings in self:
            if not 5 <= settings.nets_first_lookup <= settings.nets_longest_pause <= 3600:
                raise ValidationError(
                    self.env._(
                        "The first lookup comes after 5 seconds at the earliest: a result isn't there sooner. The "
                        "longest pause is at least as long, and an hour at most."
                    )
                )
            if settings.nets_person_after < 1:
                raise ValidationError(self.env._("A person is called after a minute at the earliest."))
            if settings.nets_monitoring_token and len(settings.nets_monitoring_token) < 16:
                raise ValidationError(
                    self.env._("The monitoring token is a password: use 16 characters or more, made by a machine.")
                )
