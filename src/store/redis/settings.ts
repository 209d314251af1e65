/** Where Redis is, and how it is used. */
export interface RedisSettings {
  /** Host and port of the one to use, or where to ask which one that is. */
  readonly at: Endpoint | Sentinels;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** If absent, connections are not encrypted. */
  readonly tls?: Tls | undefined;
  /** Number of its database, for a single one; 0 if absent. */
  readonly database?: number | undefined;
  /** What all keys begin with; with a text in braces they are all in one slot. */
  readonly prefix: string;
  /** Whether there are replicas, one of which is to have what must survive loss of power. */
  readonly replicas: boolean;
}

export interface Endpoint {
  readonly hostname: string;
  readonly port: number;
}

/** Who knows which Redis is the primary now. */
export interface Sentinels {
  /** The name that they know it by. */
  readonly name: string;
  readonly addresses: readonly Endpoint[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** How connections are encrypted; texts are PEM. */
export interface Tls {
  /** Who signs Redis's certificate; if absent, whom the system trusts. */
  readonly ca?: string | undefined;
  /** What this gateway shows of itself, where Redis asks for it. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** How a host and a port are written. */
export function nameOf({ hostname, port }: Endpoint): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
