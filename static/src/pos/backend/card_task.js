import {_t} from "@web/core/l10n/translation";
import {CardTask, cardTasks} from "../../engine/card_task";

/** What a line of the till asked for is followed in the dialog, but tried again where its order is. */
class TillTask extends CardTask {
  get retryElsewhere() {
    return _t("To try again, open the order in the till.");
  }
}

cardTasks.add("till", TillTask);
