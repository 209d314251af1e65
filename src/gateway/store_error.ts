import { StoreError } from "../store/port.ts";

/** @throws what is no failure of the store, but a fault in it */
export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  throw error;
}
