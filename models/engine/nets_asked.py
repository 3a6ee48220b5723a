from functools import partial

from odoo import api, models

from ... import listener

LOGINS_DUE = "nets_connect_cloud.logins_due"


class NetsAsked(models.AbstractModel):
    """What NETS is asked about when it is saved, or when somebody presses a button.

    Rule 26: never within the database transaction of a request. What is saved is asked about once it is committed; what
    depends on the answer is asked for before anything is written.
    """

    _name = "nets.asked"
    _description = "What NETS is asked about"

    def web_save(self, vals, specification, next_id=None):
        """As Odoo's. Saving logs in once it is committed: what came of it is shown at once."""
        saved = super().web_save(vals, specification, next_id=next_id)
        if self.env.cr.postcommit.data.get(LOGINS_DUE):
            self._end_transaction()
            self.env.invalidate_all()
            saved = self.browse([values["id"] for values in saved]).web_read(specification)
        return saved

    @api.model
    def _log_in_after_commit(self, accounts):
        """Log in as soon as this is saved, and tell the person who saved it.

        :param accounts: nets.account; nobody logs in for those of agents
        """
        if not self.env.registry.ready:  # while the module's own data is loaded
            return
        callbacks = self.env.cr.postcommit
        due = callbacks.data.setdefault(LOGINS_DUE, set())
        for account in set(accounts._logs_in().ids) - due:
            due.add(account)
            callbacks.add(partial(listener.log_in, self.env.cr.dbname, account, self.env.uid))

    @api.model
    def _log_in_apart(self, account):
        """Log in now, in answer to a button, before anything is written.

        :param account: nets.account
        :return: the ids of the terminals that the account may use, or None where NETS didn't say
        """
        if not account._logs_in():
            return None
        self._end_transaction()
        identifiers = listener.log_in(self.env.cr.dbname, account.id)
        self.env.invalidate_all()
        return identifiers

    def _end_transaction(self):
        """No snapshot is kept while NETS is asked, nor a lock. Only for what a button does by itself."""
        self.env.cr.commit()  # pylint: disable=invalid-commit
