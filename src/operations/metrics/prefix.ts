/** What the name of every metric begins with. */
export const PREFIX = "odin_gateway_";
