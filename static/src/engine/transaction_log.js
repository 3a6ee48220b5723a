import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {formatDate, serializeDate, serializeDateTime, deserializeDate} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {useBus} from "@web/core/utils/hooks";
import {SearchPanel} from "@web/search/search_panel/search_panel";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {ListController} from "@web/views/list/list_controller";
import {listView} from "@web/views/list/list_view";
import {Component} from "@odoo/owl";

/** What accountants compare with other lists, whether or not its column is shown. */
const EXPORTED = ["kind", "stan", "authorisation_code", "session_number"];

/** Start and end date beside the search box, the end included. What was chosen is a filter like any other. */
export class DateRange extends Component {
  static template = "nets_connect_cloud.DateRange";
  static components = {DateTimeInput};
  static props = {};

  setup() {
    useBus(this.env.searchModel, "update", () => this.render());
  }

  /** @returns {Object | undefined} the filter that is on */
  get filter() {
    const {query, searchItems} = this.env.searchModel;
    const active = query.map(({searchItemId}) => searchItems[searchItemId]);
    return active.find(({netsRange}) => netsRange);
  }

  /**
   * @param {"from" | "to"} bound
   * @returns {luxon.DateTime | false}
   */
  dayOf(bound) {
    const day = this.filter?.netsRange[bound];
    return day ? deserializeDate(day) : false;
  }

  /**
   * @param {"from" | "to"} bound
   * @param {luxon.DateTime | false} day
   */
  choose(bound, day) {
    const {searchModel} = this.env;
    const range = {from: this.dayOf("from"), to: this.dayOf("to"), [bound]: day};
    const {filter} = this;
    if (filter) {
      searchModel.deactivateGroup(filter.groupId);
    }
    const {from, to} = range;
    const domain = [
      from && ["create_date", ">=", serializeDateTime(from.startOf("day"))],
      to && ["create_date", "<", serializeDateTime(to.plus({days: 1}).startOf("day"))],
    ].filter(Boolean);
    if (domain.length) {
      searchModel.createNewFilters([
        {
          description: this.describe(from, to),
          domain: JSON.stringify(domain),
          netsRange: {from: from && serializeDate(from), to: to && serializeDate(to)},
        },
      ]);
    }
  }

  describe(from, to) {
    const [first, last] = [from, to].map((day) => day && formatDate(day));
    if (!to) {
      return _t("From %(first)s", {first});
    }
    return from ? _t("%(first)s to %(last)s", {first, last}) : _t("To %(last)s", {last});
  }
}

/** Sites and terminals are folded until somebody wants them: the rows need the room. */
class FoldedSearchPanel extends SearchPanel {
  importState(state) {
    this.state.sidebarExpanded = false;
    return super.importState(state);
  }
}

class TransactionLogController extends ListController {
  static template = "nets_connect_cloud.TransactionLog";
  static components = {...ListController.components, DateRange};

  getExportableFields() {
    const shown = super.getExportableFields();
    const missing = EXPORTED.map((name) => this.props.fields[name]).filter(
      (field) => field && !shown.includes(field)
    );
    return [...shown, ...missing];
  }
}

/** A terminal's name and number; play money is said before them, short and dimmed. */
export class TerminalLabel extends Component {
  static template = "nets_connect_cloud.TerminalLabel";
  static props = {...standardFieldProps};

  get label() {
    return this.props.record.data[this.props.name] || "";
  }

  get isPlayMoney() {
    return !["production", false].includes(this.props.record.data.environment);
  }

  get playMoney() {
    return this.props.record.data.environment === "test" ? _t("Test") : _t("Sim");
  }

  get terminal() {
    return this.isPlayMoney ? this.label.slice(this.label.indexOf(" · ") + 3) : this.label;
  }
}

registry.category("views").add("nets_transaction_log", {
  ...listView,
  Controller: TransactionLogController,
  SearchPanel: FoldedSearchPanel,
});
registry.category("fields").add("nets_terminal_label", {
  component: TerminalLabel,
  supportedTypes: ["char"],
  fieldDependencies: [{name: "environment", type: "selection"}],
});
