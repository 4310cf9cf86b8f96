/** What is wrong, said once it is; nothing as long as `text` is empty. */
export function ProblemText({ text }: { text: string }) {
  if (text === "") {
    return null;
  }
  return (
    <p className="problem" role="alert">
      {text}
    </p>
  );
}
