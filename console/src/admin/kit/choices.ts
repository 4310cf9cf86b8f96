import { api } from "../../api/client";
import { allOf, useRead } from "./data";
import type { Option } from "./fields";

/** What other things are chosen from by name. */
export function useQueues() {
  return useRead(["queue", "all"], () => allOf((query) => api.GET("/v1/queues", { params: { query } })));
}

export function useSkills() {
  return useRead(["skill", "all"], () => allOf((query) => api.GET("/v1/skills", { params: { query } })));
}

export function useHours() {
  return useRead(["operating_hours", "all"], () => allOf((query) => api.GET("/v1/operating-hours", { params: { query } })));
}

export function useProfiles() {
  return useRead(["capacity_profile", "all"], () => allOf((query) => api.GET("/v1/capacity-profiles", { params: { query } })));
}

export function useWorkstreams() {
  return useRead(["workstream", "all"], () => allOf((query) => api.GET("/v1/workstreams", { params: { query } })));
}

export function useAgents() {
  return useRead(["agent", "all"], () => allOf((query) => api.GET("/v1/agents", { params: { query } })));
}

export function useTemplates() {
  return useRead(["session_template", "all"], () => allOf((query) => api.GET("/v1/session-templates", { params: { query } })));
}

/** Things as choices of a list. */
export function named(rows: readonly { id: string; name: string }[] | undefined): Option[] {
  return (rows ?? []).map(({ id, name }) => ({ id, label: name }));
}

/** The languages that are offered; any other tag that is set already stays. */
export const LANGUAGE_TAGS = ["en", "de", "es", "fr", "it", "nl", "pl", "pt", "tr", "ar"];

/** The languages that texts may be in, by their tag. */
export function languageName(tag: string, locale: string): string {
  return new Intl.DisplayNames([locale], { type: "language" }).of(tag) ?? tag;
}
