import "./search.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { Button, Input, SearchField } from "react-aria-components";
import { api, bodyOf } from "../api/client";
import { textOf } from "../api/problem-texts";
import { DeskPage } from "../inbox/desk-page";
import { useSettled } from "../ui/use-settled";
import { Hit } from "./hit";

const MAX_WORDS = 100;
const PAGE = 20;

/** Finds words in messages, notes, and the names of customers and contacts. What is looked for is in the address. */
export function SearchPage() {
  const { t } = useLingui();
  const navigate = useNavigate();
  const { q } = useSearch({ from: "/search" });
  const [words, setWords] = useState(q);
  const asked = useSettled(words.trim());
  useEffect(() => {
    if (asked !== q) {
      void navigate({ to: "/search", search: { q: asked }, replace: true });
    }
  }, [navigate, asked, q]);

  const found = useInfiniteQuery({
    queryKey: ["search", asked],
    queryFn: ({ pageParam }) =>
      bodyOf(
        api.GET("/v1/search", {
          params: { query: { q: asked, limit: PAGE, ...(pageParam === null ? {} : { cursor: pageParam }) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    enabled: asked !== "",
    staleTime: 0,
  });
  const hits = found.data?.pages.flatMap((page) => page.items) ?? [];

  return (
    <DeskPage place="search">
      <main className="search">
        <h1>
          <Trans>Search</Trans>
        </h1>
        {/* oxlint-disable-next-line jsx-a11y/no-autofocus -- the page was opened to type here */}
        <SearchField className="field" value={words} onChange={setWords} aria-label={t`Words`} autoFocus>
          <Input placeholder={t`Words of messages, notes, customers and contacts`} maxLength={MAX_WORDS} dir="auto" />
        </SearchField>
        {asked !== "" && found.isError && (
          <p className="problem" role="alert">
            {textOf(found.error)}
          </p>
        )}
        <p className="small" role="status">
          {asked !== "" && found.isSuccess && hits.length === 0 && <Trans>Nothing has all of these words.</Trans>}
        </p>
        <ul className="hits" aria-label={t`Found`}>
          {hits.map((hit) => (
            <li key={`${hit.kind}-${hit.id}`}>
              <Hit hit={hit} />
            </li>
          ))}
        </ul>
        {found.hasNextPage && (
          <Button className="button" onPress={() => void found.fetchNextPage()} isDisabled={found.isFetchingNextPage}>
            <Trans>Show more</Trans>
          </Button>
        )}
      </main>
    </DeskPage>
  );
}
