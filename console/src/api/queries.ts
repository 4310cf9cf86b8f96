import { QueryClient } from "@tanstack/react-query";

/**
 * What is read for one screen and kept for a while: what the event stream brings rows of is in the store instead.
 * Nothing is read again by itself; who hears that something changed says so by `invalidateQueries`.
 */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false, staleTime: 60_000, throwOnError: false },
  },
});
