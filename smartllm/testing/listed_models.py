"""Models as Bedrock lists them."""

from __future__ import annotations

from .answer import JSON


def foundation_model(model: str) -> JSON:
    """A model of ListFoundationModels."""
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}",
        "modelId": model,
        "modelName": model,
        "providerName": "Loopback",
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND", "INFERENCE_PROFILE"],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def inference_profile(model: str) -> JSON:
    """A profile of ListInferenceProfiles for a model."""
    arn = "arn:aws:bedrock:us-east-1"
    return {
        "inferenceProfileName": f"US {model}",
        "inferenceProfileArn": f"{arn}:123456789012:inference-profile/us.{model}",
        "inferenceProfileId": f"us.{model}",
        "models": [{"modelArn": f"{arn}::foundation-model/{model}"}],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }
