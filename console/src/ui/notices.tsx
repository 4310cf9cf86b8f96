import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

const NoticeContext = createContext<(text: string) => void>(() => {});
const SHOWN_MILLISECONDS = 8_000;

/** Says something that happened once, such as "Somebody else has it". What needs an action is shown where it is. */
export function useNotice(): (text: string) => void {
  return useContext(NoticeContext);
}

export function Notices({ children }: { children: ReactNode }) {
  const [notice, setNotice] = useState({ text: "", number: 0 });
  const say = useCallback((text: string) => {
    setNotice(({ number }) => {
      setTimeout(() => setNotice((shown) => (shown.number === number + 1 ? { ...shown, text: "" } : shown)), SHOWN_MILLISECONDS);
      return { text, number: number + 1 };
    });
  }, []);
  return (
    <NoticeContext value={say}>
      {children}
      <div className="notices" role="status">
        {notice.text !== "" && <p>{notice.text}</p>}
      </div>
    </NoticeContext>
  );
}
