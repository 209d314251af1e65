/**
 * Tokens and keys: key ids, the customers' key ring, servers' derived keys, client tokens in, room tokens out.
 * Stateless but for keys; imports only types from `fleet/`.
 *
 * @module
 */
export * from "./client_token.ts";
export * from "./customer.ts";
export * from "./key_id.ts";
export * from "./key_ring.ts";
export * from "./room_token.ts";
export * from "./server_keys.ts";
