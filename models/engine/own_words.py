"""What only the server knows is said by the server alone: not by what a client says beside its call."""

from contextlib import contextmanager

from odoo import api, models

# While the server speaks; in the cache of the cursor: no client can set it.
SPEAKING = "nets_connect_cloud.own_words"
# What of a context says nothing but who reads, and where.
CONTEXT = ("lang", "tz", "allowed_company_ids")


@contextmanager
def own_words(records):
    """Write what a terminal did, or what is booked of it. A context (`default_…`), and the defaults that each user may
    set for himself, would say what the server leaves open, whatever rights are needed to write it.

    :param records: in the environment of somebody's request
    :return: a context that gives the records, without what the request's context says
    """
    cache, context = records.env.cr.cache, records.env.context
    if cache.get(SPEAKING):
        yield records  # a part of what is said
        return
    cache[SPEAKING] = True
    try:
        kept = {name: context[name] for name in CONTEXT if name in context}
        yield records.with_context(kept)  # pylint: disable=context-overridden
    finally:
        cache[SPEAKING] = False


class NetsOwnWords(models.AbstractModel):
    """Records that only the server makes (rule 17)."""

    _name = "nets.own.words"
    _description = "Records that only the server makes"

    @api.model
    def default_get(self, fields):
        with own_words(self) as records:
            return super(NetsOwnWords, records).default_get(fields)
