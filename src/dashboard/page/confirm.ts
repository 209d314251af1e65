/// <reference lib="dom" />
import { type ComponentChild, type ComponentChildren, h, type TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Says what came of something, where screen readers hear it too. */
export type Say = (text: string) => void;

let sayIt: Say = () => {};
export const say: Say = (text) => sayIt(text);

/** The last thing that was said. */
export function Said(): ComponentChild {
  const [text, setText] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    sayIt = (text) => {
      setText(text);
      clearTimeout(timer);
      timer = setTimeout(() => setText(""), 10_000);
    };
  }, []);
  return h("div", { class: text === "" ? "said" : "said shown", role: "status" }, text);
}

/** What is asked before something is changed. */
export interface Action {
  /** What the button says, and the dialogue is called. */
  readonly label: string;
  /** What will happen. */
  readonly explains: ComponentChildren;
  /** Fields of the form, by name. */
  readonly fields?: ComponentChildren;
  /**
   * @param signal what makes it not waited for any more
   * @returns what to say once it is done; rejects with what to say if not
   */
  readonly run: (form: FormData, signal: AbortSignal) => Promise<string>;
  readonly done?: (() => void) | undefined;
  readonly harmful?: boolean;
  /** Whether the button is there; if absent, it is. A question that has been asked stays until it is answered. */
  readonly offered?: boolean;
}

/**
 * A button that asks before it acts, and says what came of it. What is asked, and done then, is what it was when the button
 * was pressed, whatever is news since.
 */
export function ActionButton(action: Action): ComponentChild {
  const { label, harmful = false, offered = true } = action;
  const [asked, setAsked] = useState<Action>();
  return h(
    "span",
    null,
    offered &&
      h(
        "button",
        { type: "button", class: harmful ? "harmful" : "", onClick: () => setAsked({ ...action }) },
        label,
      ),
    asked !== undefined && h(Question, {
      key: asked,
      asked,
      answered: () => setAsked((its) => its === asked ? undefined : its), // and no newer question
    }),
  );
}

/** The dialogue in which something is asked. */
function Question({ asked, answered }: { asked: Action; answered: () => void }): ComponentChild {
  const { label, explains, fields, run, done, harmful = false } = asked;
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => {
    dialog.current?.close();
    answered();
  };
  const cancel = () => {
    close();
    if (running.current === undefined) return;
    running.current.abort();
    say(`${label}: not waited for; it may happen all the same`);
  };
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    const { signal } = running.current = new AbortController();
    try {
      const told = await run(new FormData(event.currentTarget), signal).finally(() =>
        running.current = undefined
      );
      close();
      say(told);
      done?.();
    } catch (error) {
      setError(error instanceof Error ? error.message : String(error));
    } finally {
      setBusy(false);
    }
  };
  const title = `${label}?`;
  return h(
    "dialog",
    { ref: dialog, "aria-label": title, onCancel: cancel, onClose: cancel },
    h(
      "form",
      { onSubmit: submit },
      h("h2", null, title),
      h("p", null, explains),
      fields,
      error !== undefined && h("p", { class: "error", role: "alert" }, `✗ ${error}`),
      h(
        "div",
        { class: "buttons" },
        h(
          "button",
          { type: "submit", class: harmful ? "harmful" : "main", disabled: busy },
          label,
        ),
        h("button", { type: "button", onClick: cancel }, "Cancel"),
      ),
    ),
  );
}
