"""Requests and answers of the API as pydantic models, from which OpenAPI and its examples come."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from patrons.scoring.rows import LARGEST

MOST_CUSTOMERS, MOST_FIELDS, LONGEST_TEXT = 1000, 1000, 200


def _value(value: Any) -> Any:
    """A feature's value: a finite number, short text, true or false, or nothing."""
    if value is None or isinstance(value, bool) or (isinstance(value, (int, float)) and -LARGEST < value < LARGEST):
        return value
    if isinstance(value, (int, float)):  # NaN and Infinity too
        raise PydanticCustomError("value_number", "a number within ±1e15")
    if isinstance(value, str):
        return _text(value, "value")
    raise PydanticCustomError("value_kind", "a number, text, true, false or null")


def _name(name: Any) -> str:
    return _text(name, "name")


def _text(text: str, what: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise PydanticCustomError(f"{what}_long", "text of up to 200 characters")
    if not _is_text(text):
        raise PydanticCustomError(f"{what}_half", "whole characters")
    return text


def _is_text(text: str) -> bool:
    """Whether text can be sent back: JSON may hold halves of a character, which UTF-8 cannot encode."""
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


VALUE_SCHEMA = {
    "anyOf": [
        {"type": "number", "exclusiveMinimum": -LARGEST, "exclusiveMaximum": LARGEST},
        {"type": "string", "maxLength": LONGEST_TEXT},
        {"type": "boolean"},
        {"type": "null"},
    ]
}
Value = Annotated[Any, PlainValidator(_value), WithJsonSchema(VALUE_SCHEMA)]
Name = Annotated[str, PlainValidator(_name), WithJsonSchema({"type": "string", "maxLength": LONGEST_TEXT})]
Customer = Annotated[dict[Name, Value], Field(max_length=MOST_FIELDS)]


class PredictRequest(BaseModel):
    """Customers to score: each a `customer_id` (optional) and a value per feature; `GET /model` lists the features."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "customers": [{"customer_id": "12345", "recency_days": 35, "frequency": 19, "monetary": 4382.84}]
            }
        },
    )
    customers: list[Customer] = Field(
        min_length=1, max_length=MOST_CUSTOMERS, description="each an object: the feature's name, its value"
    )


class Answer(BaseModel):
    """The answer for one customer; where there is none, `error` says why."""

    customer_id: str | None = Field(description="as it was sent")
    segment: int | None = Field(description="number of the segment")
    segment_name: str | None = Field(None, description="what the segment is called")
    margin: float | None = Field(None, description="how clearly the customer belongs: 0 on the border, 1 wholly inside")
    segments_later: list[str] | None = Field(
        None, description="likely segments a horizon from now, the likeliest first; null where that is not forecast"
    )
    churn_probability: float | None = Field(
        None, ge=0, le=1, description="of no order in the coming horizon, or of what the table calls churned"
    )
    flagged: bool | None = Field(None, description="whether that reaches the threshold of the release")
    expected_spend: float | None = Field(None, description="in the coming horizon, in the currency of the data")
    spend_low: float | None = Field(
        None, description="95% interval of the mean spend of customers with such a forecast"
    )
    spend_high: float | None = Field(None, description="its upper end")
    reason_1: str | None = Field(None, description="what moves the churn probability most, and which way")
    reason_2: str | None = Field(None, description="what moves it next")
    reason_3: str | None = Field(None, description="and then")
    warnings: list[str] | None = Field(None, description="values unlike those of the training; null where all are like")
    error: str | None = Field(None, description="why the customer cannot be scored")


class PredictResponse(BaseModel):
    """Answers in the order of the request."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "release": "89647edd18a7",
                "scored": 1,
                "refused": 0,
                "ignored": [],
                "warnings": [],
                "answers": [
                    {
                        "customer_id": "12345",
                        "segment": 2,
                        "segment_name": "Champions",
                        "margin": 0.7,
                        "segments_later": ["Champions", "Loyal"],
                        "churn_probability": 0.21,
                        "flagged": False,
                        "expected_spend": 310.5,
                        "spend_low": 178.5,
                        "spend_high": 540.0,
                        "reason_1": "lowers the risk: no order for 35 days",
                        "reason_2": None,
                        "reason_3": None,
                        "warnings": None,
                        "error": None,
                    }
                ],
            }
        }
    )
    release: str = Field(description="id of the release that answered")
    scored: int = Field(description="customers with an answer")
    refused: int = Field(description="customers with an error")
    ignored: list[str] = Field(description="names that were sent and are not features of the release, the first 20")
    warnings: list[str] = Field(description="what is unlike the training: by feature, with counts and examples")
    answers: list[Answer] = Field(description="one for each customer, in the order of the request")


class FeatureCard(BaseModel):
    """A feature that the models take."""

    name: str = Field(description="as a customer in a request has it")
    kind: str = Field(description="number or category")
    required: bool = Field(description="whether a customer without it cannot be scored")
    unit: str = Field(description="such as days; of a category empty")
    meaning: str = Field(description="in words")
    example: float | str | None = Field(description="a usual value")


class LaterCard(BaseModel):
    """How the likely later segments were measured: on days whose outcome set neither model nor threshold."""

    days: int = Field(description="from now to the day that they are of")
    level: float = Field(description="share of customers whose likely segments were to hold the right one")
    coverage: float = Field(description="that share as measured on the latest day")
    coverage_low: float = Field(description="95% interval over customers; it does not cover a change of season")
    coverage_high: float = Field(description="its upper end")
    coverage_mean: float = Field(description="of all days on which it was measured, a horizon apart")
    coverage_lowest: float = Field(description="on the worst of these days")
    coverage_days: int = Field(description="how many these are")


class ModelCard(BaseModel):
    """The release in use, and what happened to the last one that was tried."""

    release: str = Field(description="its id")
    promoted: bool | None = Field(
        description="whether it was promoted in the registry; null where the service was given a folder"
    )
    name: str = Field(description="the series, such as demo")
    kind: str = Field(description="orders or table: what the series was made from")
    created: str | None = Field(description="when it was built")
    slot: str = Field(description="blue or green")
    idle: str | None = Field(description="release in the other slot, for an instant rollback")
    refused: str | None = Field(description="why the last candidate was not taken")
    versions: dict[str, str] = Field(description="of Python and the libraries that made it")
    thresholds: dict[str, float] = Field(description="from which churn probability on a customer is flagged")
    segments: dict[str, str] = Field(description="name of each segment by its number")
    segments_later: LaterCard | None = Field(None, description="null where later segments are not forecast")
    features: list[FeatureCard] = Field(description="what a customer in a request may have")


class Health(BaseModel):
    """Whether the service is well."""

    status: str = Field(description="alive or ready")
    release: str | None = Field(None, description="id of the release that answers")


class ErrorItem(BaseModel):
    """One thing that is wrong."""

    field: str = Field(description="where, such as customers.0.recency_days")
    found: str = Field(description="what stands there")
    expected: str = Field(description="what should")
    next: str = Field(description="what to do")


class ErrorResponse(BaseModel):
    """Any answer other than 2xx."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "status": 422,
                "errors": [
                    {
                        "field": "customers",
                        "found": "a list of 0",
                        "expected": "at least one",
                        "next": "See the example at /docs/.",
                    }
                ],
                "request_id": "0f8fad5bd9cb469fa165",
            }
        }
    )
    status: int = Field(description="the HTTP status")
    errors: list[ErrorItem] = Field(description="up to ten")
    request_id: str = Field(description="by which the service's log names the request")
    more: int | None = Field(None, description="how many errors there are beyond these")
