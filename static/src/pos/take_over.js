/** What of an order another till may have changed: where it did, the server's order is the newer one. */
const ORDER_FACTS = [
  "partner_id",
  "pricelist_id",
  "fiscal_position_id",
  "preset_id",
  "table_id",
  "to_invoice",
  "general_customer_note",
  "internal_note",
];

/**
 * Take over from the server what became of an order when a card was charged, or its charge reversed: the card's
 * payment line, and the lines of what the terminal added.
 *
 * Nothing else is replaced. Other modules keep in the till what the server doesn't know, such as the promotions of
 * pos_loyalty, and the cashier may have changed something since. Only where another till changed the order is it taken
 * as a whole, in the way in which modules expect it from a sync.
 *
 * @param {Object} pos the till's store
 * @param {Object} order
 * @returns {Promise<void>} once the till has what the server has
 * @raise {ConnectionLostError, RPCError} where Odoo doesn't answer: nothing was taken over then
 */
export async function takeOver(pos, order) {
  const domain = [["uuid", "=", order.uuid]];
  const found = await pos.data.call("pos.order", "read_pos_orders", [domain]);
  const row = found["pos.order"]?.[0];
  if (!row) {
    return;
  }
  if (row.state !== "draft") {
    // another till was faster to finish it
    await pos.data.loadServerOrders(domain);
    return;
  }
  if (isNewer(order, row, found)) {
    await pos.preSyncAllOrders([order]);
    await pos.postSyncAllOrders(await pos.data.loadServerOrders(domain));
    return;
  }
  const isNets = ({uuid}) => pos.models["pos.payment"].getBy("uuid", uuid)?.isNets();
  const rows = await pos.data.missingRecursive({
    "pos.order.line": unknownHere(order, "lines", found["pos.order.line"]),
    "pos.payment": [
      ...found["pos.payment"].filter(isNets),
      ...unknownHere(order, "payment_ids", found["pos.payment"]),
    ],
  });
  pos.models.connectNewData(rows);
  dropGone(order, "lines", found["pos.order.line"]);
  dropGone(order, "payment_ids", found["pos.payment"]);
  const wasDirty = order._dirty;
  const {is_tipped, tip_amount} = row;
  // with the server's time, since the till would load the whole order that it takes for an older one
  order.update({is_tipped, tip_amount, write_date: row.write_date});
  order._dirty = wasDirty;
}

/**
 * Take over what became of a line, where nothing else of its order changed.
 *
 * @param {Object} line
 * @param {import("../common/progress").Paid} paid as the server says it
 */
export function takeOverLine(line, {payment, write_date: writeDate}) {
  const order = line.pos_order_id;
  const wasDirty = [line._dirty, order._dirty];
  line.update(payment);
  // with the server's time, as above
  order.update({write_date: writeDate});
  [line._dirty, order._dirty] = wasDirty;
}

/** Whether another till changed what this one knows of an order, and has nothing to say about itself. */
function isNewer(order, row, found) {
  const differs = (name) => name in row && (row[name] || false) !== (order.raw[name] || false);
  if (!order._dirty && ORDER_FACTS.some(differs)) {
    return true;
  }
  const isChanged = (records, rows) =>
    rows.some(({uuid, write_date}) => {
      const record = records.find((each) => each.uuid === uuid);
      return record && !record._dirty && record.raw.write_date < write_date;
    });
  return (
    isChanged(order.lines, found["pos.order.line"]) ||
    isChanged(
      order.payment_ids.filter((line) => !line.isNets()),
      found["pos.payment"]
    )
  );
}

/** @returns {Object[]} rows of the server that aren't here, without those that were deleted here */
function unknownHere(order, field, rows) {
  const here = new Set(order[field].map(({uuid}) => uuid));
  const deleted = new Set(commandsOf(order, field).flatMap(({list}) => list.map(({id}) => id)));
  return rows.filter(({id, uuid}) => !here.has(uuid) && !deleted.has(id));
}

/** Drop what the server hasn't any more, without telling it so in the next sync. */
function dropGone(order, field, rows) {
  const there = new Set(rows.map(({id}) => id));
  const gone = order[field].filter(({id, isSynced}) => isSynced && !there.has(id));
  if (!gone.length) {
    return;
  }
  const wasDirty = order._dirty;
  for (const record of gone) {
    const {id} = record;
    record.delete({silent: true});
    for (const {commands, list} of commandsOf(order, field)) {
      commands.set(
        field,
        list.filter((command) => command.id !== id)
      );
    }
  }
  order._dirty = wasDirty;
}

/** What the next sync says of records that were taken off an order here. */
function commandsOf(order, field) {
  const {delete: deleted, unlink} = order.models.commands["pos.order"];
  return [deleted, unlink].map((commands) => ({commands, list: commands.get(field) || []}));
}
