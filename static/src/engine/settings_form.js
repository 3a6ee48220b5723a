import {patch} from "@web/core/utils/patch";
import {SettingsFormController} from "@web/webclient/settings_form_view/settings_form_controller";

/** What an account logs in with: saved, it is tested, and the person is told. */
const LOGIN = ["nets_environment", "nets_simulator_url", "nets_username", "nets_password"];

patch(SettingsFormController.prototype, {
  /**
   * The buttons of our settings save what was typed there, and go on in their place. Odoo asks, makes the page anew at its
   * top, and forgets what was pressed; that is left to it where something else was changed, too.
   *
   * @override
   */
  async beforeExecuteActionButton(clickParams) {
    const {root} = this.model;
    const isOurs = clickParams.name?.startsWith("action_nets_");
    if (!isOurs || !(await root.isDirty())) {
      return super.beforeExecuteActionButton(...arguments);
    }
    const changed = Object.keys(root._changes);
    if (!changed.every((name) => name.startsWith("nets_"))) {
      return super.beforeExecuteActionButton(...arguments);
    }
    if (!(await root.save())) {
      return false;
    }
    const action = await this.orm.call(root.resModel, "execute", [[root.resId]]);
    if (action.tag !== "reload") {
      await this.env.services.action.doAction(action);
      return false;
    }
    const isTested = LOGIN.some((name) => changed.includes(name));
    if (isTested && clickParams.name === "action_nets_test_connection") {
      await root.load();
      return false;
    }
    return true;
  },
});
