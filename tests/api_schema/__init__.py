"""The API as Schemathesis calls it, made of the OpenAPI document."""
