// What the gateway needs of a log; pino has this form. Nothing of a token or of an amount is ever
// logged, and nothing at all for each message.

export interface GatewayLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
