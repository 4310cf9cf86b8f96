import { expect, test } from "vitest";
import { ApiProblem } from "../api/problems";
import type { Upload } from "./upload-file";
import { Uploads } from "./uploads";
import { uniqueName } from "./unique-names";

const LIMITS = { bytes: 1_000, extensions: ["png", "pdf"], isOff: false };

function picture(name = "image.png", size = 10): File {
  return new File([new Uint8Array(size)], name);
}

function withAnswers(answers: (string | ApiProblem)[]) {
  const asked: [string, string][] = [];
  const send: Upload = async (_file, name, key, onProgress) => {
    asked.push([name, key]);
    onProgress(0.5);
    const answer = answers.shift() ?? "f0";
    if (answer instanceof ApiProblem) {
      throw answer;
    }
    return answer;
  };
  return { uploads: new Uploads(send), asked };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("C23 three pasted pictures of one name are all uploaded, under names of their own", async () => {
  const { uploads, asked } = withAnswers(["f1", "f2", "f3"]);
  uploads.add([picture(), picture(), picture()], LIMITS);
  await settled();
  expect(asked.map(([name]) => name)).toEqual(["image.png", "image-2.png", "image-3.png"]);
  expect(uploads.take().map((file) => file.id)).toEqual(["f1", "f2", "f3"]);
  expect(uploads.chips).toEqual([]);
});

test("C23 what did not arrive is uploaded once more under its key, and the others are not", async () => {
  const { uploads, asked } = withAnswers([new ApiProblem("no_answer", 0, ""), "f2", "f1"]);
  uploads.add([picture("a.png"), picture("b.png")], LIMITS);
  await settled();
  expect(uploads.chips.map((chip) => chip.state)).toEqual(["failed", "ready"]);
  uploads.retry(uploads.chips[0]?.key ?? "");
  await settled();
  expect(uploads.chips.map((chip) => [chip.state, chip.id])).toEqual([
    ["ready", "f1"],
    ["ready", "f2"],
  ]);
  expect(asked[2]).toEqual(asked[0]);
});

test.each([
  [picture("a.png", 1_001), "file_too_large"],
  [picture("a.exe"), "file_refused"],
  [picture("a.png", 0), "file_refused"],
])("C23 what the desk would refuse is not uploaded: %#", async (file, code) => {
  const { uploads, asked } = withAnswers([]);
  uploads.add([file], LIMITS);
  await settled();
  expect(uploads.chips.map((chip) => [chip.state, chip.problem?.code])).toEqual([["failed", code]]);
  expect(asked).toEqual([]);
});

test("C23 a page that sends no files says so at the file", async () => {
  const { uploads, asked } = withAnswers([]);
  uploads.add([picture()], { ...LIMITS, isOff: true });
  expect(uploads.chips.map((chip) => chip.problem?.code)).toEqual(["attachments_disabled"]);
  expect(asked).toEqual([]);
});

test("a file that comes back is not there twice", () => {
  const { uploads } = withAnswers([]);
  const file = { id: "f1", name: "plan.pdf", bytes: 7 };
  uploads.restore([file]);
  uploads.restore([file, { ...file, id: "f2" }]);
  expect(uploads.ready.map((each) => each.id).toSorted()).toEqual(["f1", "f2"]);
});

test("names without an extension, and names that differ in case alone, become unique too", () => {
  expect(uniqueName("README", ["readme"])).toBe("README-2");
  expect(uniqueName("a.b.png", ["A.B.PNG", "a.b-2.png"])).toBe("a.b-3.png");
});
