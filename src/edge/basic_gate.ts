import { UNGUESSABLE } from "../config/load.ts";
import { Guesses, TOO_MANY_GUESSES } from "./auth/guesses.ts";
import { type InternalAccess, type Permission, permit, WrongPassword } from "./auth/internal_access.ts";
import { RpcError } from "./errors.ts";
import { refusal } from "./http/answer.ts";
import type { HttpRequest } from "./http/message.ts";
import { Refusal } from "./refusal.ts";

/**
 * Lets in whoever may call the internal methods, or operations, and slows down the guessing of passwords.
 *
 * @param clientOf IP address of whoever made the request, whose guesses are counted
 * @param name what is protected, as browsers and the log name it
 * @returns what a request may do; rejects with a {@link Refusal}
 */
export function createBasicGate(
  access: InternalAccess,
  clientOf: (request: HttpRequest) => string,
  name: { readonly call: string; readonly realm: string },
): (request: HttpRequest) => Promise<Permission> {
  const guesses = new Guesses(access.users.some(({ password }) => password.length < UNGUESSABLE));
  const tooMany = (seconds: number) => {
    const headers = { "Retry-After": String(seconds), Connection: "close" };
    const told = { call: name.call, cause: "too many guesses" };
    return new Refusal(refusal(TOO_MANY_GUESSES, headers), TOO_MANY_GUESSES, told);
  };
  return async (request) => {
    const client = clientOf(request);
    const credentials = request.header("authorization");
    const pause = guesses.pause(client, credentials);
    if (pause !== undefined) throw tooMany(pause);
    try {
      const permission = permit(access, request);
      if (credentials !== undefined) guesses.right(client, credentials);
      return permission;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      const retryAfter = error instanceof WrongPassword ? await guesses.wrong(client) : undefined;
      if (retryAfter !== undefined) throw tooMany(retryAfter);
      const answer = refusal(error, {
        "WWW-Authenticate": `Basic realm="odin-gateway ${name.realm}", charset="UTF-8"`,
      });
      throw new Refusal(answer, error, { call: name.call, cause: "unauthorized" });
    }
  };
}
