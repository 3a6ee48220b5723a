import {hootPosModels} from "@point_of_sale/../tests/unit/data/generate_model_definitions";
import {fields, models} from "@web/../tests/web_test_helpers";
import {patch} from "@web/core/utils/patch";

export class NetsTerminal extends models.ServerModel {
  _name = "nets.terminal";
  _order = "id";

  // of its account, which the till knows nothing of
  environment = fields.Char();

  _load_pos_data_fields() {
    return ["id", "name", "identifier", "type", "environment", "currency_id"];
  }

  _records = [
    {
      id: 7,
      name: "Front desk",
      identifier: "10000001",
      type: "connect_cloud",
      environment: "simulator",
      currency_id: 1,
    },
    {
      id: 8,
      name: "Bar",
      identifier: "10000002",
      type: "connect_cloud",
      environment: "production",
      currency_id: 1,
    },
  ];
}

patch(hootPosModels, [...hootPosModels, NetsTerminal]);
