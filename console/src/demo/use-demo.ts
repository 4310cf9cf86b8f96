import { useQuery } from "@tanstack/react-query";
import { api, bodyOf } from "../api/client";
import type { components } from "../api/schema";

export type Demo = components["schemas"]["DemoView"];
export type Journey = components["schemas"]["JourneyView"];

/** What the demo tells of itself; null where this desk is none, and as long as that is not known. */
export function useDemo(): Demo | null {
  const { data } = useQuery({
    queryKey: ["demo"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async () => {
      const { features } = await bodyOf(api.GET("/v1/config"));
      return features.demo ? bodyOf(api.GET("/v1/demo")) : null;
    },
  });
  return data ?? null;
}
