import { configuredPools, type Settings } from "./schema.ts";

/**
 * Settings in which the gateways that share a store must not differ, since each decides by them for all: who is silent or
 * gone, how long a place, a grant or a lead is kept, what others are told of a young room. The one list of them: what a
 * gateway is refused for, what a reload leaves, and what the documentation names.
 */
const AGREED: Readonly<Record<string, (settings: Settings) => unknown>> = {
  "sfuConfig.updateInterval": ({ sfuConfig }) => sfuConfig.updateInterval,
  "sfuConfig.disableTimeout": ({ sfuConfig }) => sfuConfig.disableTimeout,
  "sfuConfig.removeTimeout": ({ sfuConfig }) => sfuConfig.removeTimeout,
  "loginToken.lifetime": ({ loginToken }) => loginToken.lifetime,
  "limits.grantTimeout": ({ limits }) => limits.grantTimeout,
  "placement.growthWindow": ({ placement }) => placement.growthWindow,
  sfuPools: (settings) => {
    const pools = configuredPools(settings);
    return [pools.names.toSorted(), pools.default, [...pools.spill].toSorted()];
  },
};

/** Their names, as paths. */
export const AGREED_MEMBERS: readonly string[] = Object.keys(AGREED);

/** What all gateways must have in common, each by its name, as texts to compare. */
export function agreedSettings(settings: Settings): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(AGREED).map(([member, of]) => {
      const value = of(settings);
      return [member, typeof value === "number" ? String(value) : JSON.stringify(value)];
    }),
  );
}

/** Whether a member, or the group that it is in, is one that all gateways must have in common. @param path `sfuPools.default` */
export function mustAgree(path: string): boolean {
  return agreedMember(path) !== undefined;
}

/** Whether two configurations are the same in it for other gateways, however they are written. */
export function agreeIn(path: string, before: Settings, after: Settings): boolean {
  const of = AGREED[agreedMember(path) ?? ""];
  return of === undefined || JSON.stringify(of(before)) === JSON.stringify(of(after));
}

function agreedMember(path: string): string | undefined {
  return AGREED_MEMBERS.find((member) => path === member || path.startsWith(`${member}.`));
}
