import {AlertDialog} from "@web/core/confirmation_dialog/confirmation_dialog";
import {PosStore} from "@point_of_sale/app/services/pos_store";
import {RPCError} from "@web/core/network/rpc";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";
import {agentDesk} from "../../common/agent_desk";
import {CardDesk} from "../card_desk";

/**
 * The ways in which a restaurant moves the lines of an order, and the orders that they concern: the one that loses them,
 * and the one that gets them. They come from a module that this one doesn't depend on, and that is loaded later.
 */
const MOVES = {
  transferOrder: (pos, uuid, table, order) => [orderOf(pos, uuid), order || orderAt(pos, table)],
  mergeTableOrders: (pos, uuid, table) => [orderOf(pos, uuid), orderAt(pos, table)],
  restoreOrdersToOriginalTable: (pos, order, table) => [order, orderAt(pos, table) || true],
};

function orderOf(pos, uuid) {
  return pos.models["pos.order"].getBy("uuid", uuid);
}

function orderAt(pos, table) {
  return table && pos.getActiveOrdersOnTable(table.rootTable)[0];
}

patch(PosStore.prototype, {
  async processServerData() {
    const result = await super.processServerData(...arguments);
    this.nets = new CardDesk(this);
    for (const [name, concerned] of Object.entries(MOVES)) {
      const move = this[name];
      if (move) {
        this[name] = async (...args) =>
          this.refuseMove(...concerned(this, ...args)) ? false : move.apply(this, args);
      }
    }
    // A table that is dragged onto another is joined to it whether or not their orders were merged, and its own order is
    // found at neither then.
    const {data} = this;
    const write = data.write;
    data.write = (model, ids, vals, ...others) =>
      model === "restaurant.table" && vals.parent_id && this.keepsTablesApart(ids, vals.parent_id)
        ? []
        : write.call(data, model, ids, vals, ...others);
    return result;
  },

  /** @returns {boolean} whether a card is in the way of merging the orders of these tables with that of another one */
  keepsTablesApart(ids, parentId) {
    const tables = this.models["restaurant.table"];
    const to = orderAt(this, tables.get(parentId));
    return ids.some((id) => {
      const [from] = this.getActiveOrdersOnTable(tables.get(id));
      const {running, charged} = this.inTheWay(from, to);
      return Boolean(from && (running || charged));
    });
  },

  /**
   * @param {Object | undefined} from the order that loses lines
   * @param {Object | true | undefined} to as for `refuseMove`
   * @returns {{running: Object | undefined, charged: Object | undefined}} the order whose card runs, and the one whose
   *  card was charged
   */
  inTheWay(from, to) {
    const orders = [from, to === true ? undefined : to];
    return {
      running: orders.find((order) => this.nets.runningLine(order)),
      charged: to && this.nets.chargedLine(from) ? from : undefined,
    };
  },

  async afterProcessServerData() {
    const result = await super.afterProcessServerData(...arguments);
    // After a reload, a crash, or in another tab: what was running goes on.
    this.nets.resume();
    agentDesk.recover(this.models["nets.terminal"]?.getAll() || []);
    return result;
  },

  /** @returns {boolean} whether a card payment of this order is running, which the cashier then reads */
  refuseWhileCardRuns(order) {
    const running = this.nets.runningLine(order);
    if (running) {
      this.dialog.add(AlertDialog, this.nets.explainRunning(running));
    }
    return Boolean(running);
  },

  /** @returns {boolean} whether a card was charged for this order, which the cashier then reads */
  refuseOnceCharged(order) {
    const charged = this.nets.chargedLine(order);
    if (charged) {
      this.dialog.add(AlertDialog, {
        title: _t("A card was charged"),
        body: _t(
          "A card was charged %(amount)s for this order. Reverse that payment first, or complete the order and refund it.",
          {amount: this.env.utils.formatCurrency(charged.getAmount())}
        ),
      });
    }
    return Boolean(charged);
  },

  /**
   * Before the first step, since lines that are moved here are due twice where the server refuses to take them off.
   *
   * @param {Object} from the order that loses lines
   * @param {Object | undefined} to the order that gets them; a whole order may go to an empty table
   * @returns {boolean} whether a card is in the way, which the cashier then reads
   */
  refuseMove(from, to) {
    const {running, charged} = this.inTheWay(from, to);
    return Boolean(
      (running && this.refuseWhileCardRuns(running)) || (charged && this.refuseOnceCharged(charged))
    );
  },

  /** The bill isn't split any more once a card is asked for it. */
  navigate(routeName) {
    return routeName === "SplitBillScreen" && this.refuseMove(this.getOrder(), true)
      ? false
      : super.navigate(...arguments);
  },

  /** What the customer is paying for stays as it is while the card runs. */
  async addLineToOrder(vals, order) {
    return this.refuseWhileCardRuns(order) ? undefined : super.addLineToOrder(...arguments);
  },

  async setDiscountFromUI(line) {
    return this.refuseWhileCardRuns(line.order_id)
      ? undefined
      : super.setDiscountFromUI(...arguments);
  },

  async selectPartner() {
    return this.refuseWhileCardRuns(this.getOrder())
      ? this.getOrder().getPartner()
      : super.selectPartner(...arguments);
  },

  setPartnerToCurrentOrder() {
    return this.refuseWhileCardRuns(this.getOrder())
      ? undefined
      : super.setPartnerToCurrentOrder(...arguments);
  },

  async selectPricelist() {
    return this.refuseWhileCardRuns(this.getOrder())
      ? undefined
      : super.selectPricelist(...arguments);
  },

  async selectPreset() {
    return this.refuseWhileCardRuns(this.getOrder()) ? undefined : super.selectPreset(...arguments);
  },

  /** An order with a card that is charged, or may be at this moment, isn't thrown away. */
  async _onBeforeDeleteOrder(order) {
    return this.refuseWhileCardRuns(order) || this.refuseOnceCharged(order)
      ? false
      : await super._onBeforeDeleteOrder(...arguments);
  },

  /** A card payment waits until what is being saved is saved. */
  async syncAllOrders() {
    const {promise, resolve} = Promise.withResolvers();
    const {syncs} = this.nets;
    syncs.add(promise);
    try {
      return await this.syncOneByOne(...arguments);
    } finally {
      syncs.delete(promise);
      resolve();
    }
  },

  /**
   * Where the server refuses one order, the others are saved anyway. Odoo stops at the first one that fails: from
   * then on nothing could be paid at this till until it is loaded again.
   */
  async syncOneByOne(options = {}) {
    if (this.data.network.offline) {
      return super.syncAllOrders(options);
    }
    for (const id of this.getOrderIdsToDelete()) {
      try {
        await this.deleteOrders([], [id]);
      } catch (error) {
        this.reportRefused(error);
      }
      this.pendingOrder.delete.delete(id);
    }
    if (!options.throw || options.orders) {
      return super.syncAllOrders(options);
    }
    const {orderToCreate, orderToUpdate} = this.getPendingOrder();
    const synced = [];
    let ofThisOrder = null;
    for (const order of [...orderToCreate, ...orderToUpdate]) {
      try {
        synced.push(...((await super.syncAllOrders({...options, orders: [order]})) || []));
      } catch (error) {
        if (order.uuid === this.getOrder()?.uuid) {
          ofThisOrder = error;
        } else {
          this.reportRefused(error, order);
          await this.undoRefused(order);
        }
      }
    }
    if (ofThisOrder) {
      throw ofThisOrder;
    }
    return synced.length ? synced : undefined;
  },

  /** Odoo takes an order for saved that was sent: what was refused is sent again, or is what the server has. */
  async undoRefused(order) {
    if (order.isSynced) {
      await this.data.loadServerOrders([["uuid", "=", order.uuid]]);
    } else {
      order._dirty = true;
    }
  },

  /**
   * Tell the cashier that the server refused an order that isn't the one at hand.
   *
   * @raise what isn't an answer of the server
   */
  reportRefused(error, order) {
    if (!(error instanceof RPCError)) {
      throw error;
    }
    this.notification.add(error.data?.message || error.message, {
      title: order ? _t("%s isn't saved", order.getName()) : _t("An order isn't deleted"),
      type: "danger",
    });
  },

  /** A card takes a minute: it is paid in the payment screen, where the cashier sees what the terminal does. */
  async validateOrderFast(paymentMethod) {
    const order = this.getOrder();
    const isRunning = Boolean(this.nets.runningLine(order));
    if (!isRunning && paymentMethod.use_payment_terminal !== "nets") {
      return super.validateOrderFast(...arguments);
    }
    if (!isRunning) {
      this.nets.fastMethod = {orderUuid: order.uuid, paymentMethod};
    }
    await this.pay();
    if (this.router.state.current !== "PaymentScreen") {
      this.nets.fastMethod = null;
    }
    return false;
  },
});
