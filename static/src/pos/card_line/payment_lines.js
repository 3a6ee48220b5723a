import {PaymentScreenPaymentLines} from "@point_of_sale/app/screens/payment_screen/payment_lines/payment_lines";
import {CardLine} from "./card_line";

PaymentScreenPaymentLines.components = {...PaymentScreenPaymentLines.components, CardLine};
