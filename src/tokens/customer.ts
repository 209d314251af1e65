/** A public key as a customer's configuration gives it (JWK, RFC 8037 §2), with its key id. */
export interface PublicKey {
  readonly kid: string;
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  /** base64url of the 32 bytes of the key. */
  readonly x: string;
}

/** A key that a customer's tokens may be signed with. */
export interface AccessKey {
  /** The namespace of the rooms that its tokens open; the customer's id by default. */
  readonly namespace?: string | undefined;
  /** The only pools whose servers may take its rooms; the customer's by default. */
  readonly pools?: readonly string[] | undefined;
  readonly publicKey: PublicKey;
}

/** A customer: its licence and its keys. */
export interface Customer {
  readonly id: string;
  /** Peers over all its rooms; `Infinity` for no limit. */
  readonly maxPeers: number;
  readonly maxRooms: number;
  /** The only pools whose servers may take its rooms; without, any. */
  readonly pools?: readonly string[] | undefined;
  readonly accessKeys: readonly AccessKey[];
}
