import { StoreError } from "../store/port.ts";

/** @throws what is no failure of the store, but a fault in it */
export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  throw error;
}

/** What the store answers; nothing where it fails. */
export async function orNothing<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer;
  } catch (error) {
    asStoreError(error);
    return undefined;
  }
}

/** Whether the store does not fail. */
export async function succeeds(answer: Promise<unknown>): Promise<boolean> {
  return await orNothing(answer.then(() => true)) ?? false;
}
