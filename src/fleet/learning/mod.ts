/**
 * What placement learns from reports: the sizes that rooms of a kind reach, and what a client costs on a server.
 * Plain numbers that forget slowly; nothing here knows of rooms or servers.
 *
 * @module
 */
export * from "./client_cost.ts";
export * from "./growth_curve.ts";
export * from "./kinds.ts";
export * from "./name_template.ts";
export * from "./names.ts";
export * from "./room_cost.ts";
export * from "./sizes.ts";
