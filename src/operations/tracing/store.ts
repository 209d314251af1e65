import { trace } from "@opentelemetry/api";
import type { OpenStore } from "../../store/port.ts";
import { failed, inSpan } from "./span.ts";

/** A store with a span for each commit that a call waits for; what time brings has none. */
export function tracedStore(open: OpenStore): OpenStore {
  return async (options) => {
    const store = await open(options);
    return {
      load: () => store.load(),
      commit(changes, safety) {
        if (trace.getActiveSpan() === undefined) return store.commit(changes, safety);
        const attributes = { "odin.changes": changes.length, "odin.safety": safety };
        return inSpan(
          "store.commit",
          { attributes },
          (span) =>
            store.commit(changes, safety).catch((error) => {
              failed(span, error);
              throw error;
            }),
        );
      },
      replace: (snapshot) => store.replace(snapshot),
      value: (name) => store.value(name),
      setValue: (name, value) => store.setValue(name, value),
      get shared() {
        return store.shared;
      },
      close: () => store.close(),
    };
  };
}
