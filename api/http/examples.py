"""Requests that work, by the name of the body's model: shown in OpenAPI and posted by the tests.

What is left out of an example may be left out.
"""

from typing import Any

_BUTTONS = [
    {"type": "web_url", "title": "Track it", "url": "https://shop.example/orders/1042"},
    {"type": "postback", "title": "Talk to us", "payload": "TALK"},
    {"type": "phone_number", "title": "Call us", "payload": "+4930123456"},
]

MESSAGES: dict[str, Any] = {
    "Text": {"text": "Your parcel left this morning."},
    "Quick replies": {
        "text": "Which size?",
        "quick_replies": [
            {"content_type": "text", "title": "Small", "payload": "SIZE_S"},
            {"content_type": "text", "title": "Large", "payload": "SIZE_L"},
            {"content_type": "user_email"},
        ],
    },
    "Button template": {
        "template": {"template_type": "button", "text": "Order 1042 is on its way.", "buttons": _BUTTONS}
    },
    "Generic template": {
        "template": {
            "template_type": "generic",
            "elements": [
                {
                    "title": "Blue shoe",
                    "subtitle": "In stock",
                    "image_url": "https://shop.example/blue.jpg",
                    "default_action": {"type": "web_url", "url": "https://shop.example/blue"},
                    "buttons": [{"type": "postback", "title": "Take it", "payload": "BLUE"}],
                },
                {"title": "Red shoe", "subtitle": "Next week"},
            ],
        }
    },
    "File": {"attachments": [{"id": "the-id-of-an-upload"}]},
    "Reply to a message": {"text": "Yes, this one.", "reply_to": "the-id-of-a-message"},
    "Held outside of the window": {"text": "It has arrived.", "hold": True},
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "Credentials": {
        "Sign in": {"email": "ada@example.org", "password": "correct horse battery"},
        "Browser": {"email": "ada@example.org", "password": "correct horse battery", "cookie": True},
        "First administrator": {
            "email": "ada@example.org",
            "password": "correct horse battery",
            "code": "pdc_as-the-first-start-has-printed-it",
        },
    },
    "PasswordChange": {
        "Change": {"current_password": "correct horse battery", "new_password": "another fine phrase"}
    },
    "PresenceInput": {"At lunch": {"presence": "away", "text": "At lunch"}},
    "OwnPresenceInput": {
        "Away": {"presence": "away", "text": "At lunch"},
        "There without a stream": {"lease_seconds": 60},
    },
    "AccountInput": {
        "App": {"name": "Shop", "app_id": "1234567890", "app_secret": "0123456789abcdef0123456789abcdef"},
        "App with its page": {
            "name": "Shop",
            "app_id": "1234567890",
            "app_secret": "0123456789abcdef0123456789abcdef",
            "pages": [{"page_id": "1000000001", "name": "Shop", "access_token": "EAAG0000"}],
        },
    },
    "AccountChange": {"New secret": {"app_secret": "fedcba9876543210fedcba9876543210"}},
    "PageInput": {
        "Page": {"page_id": "1000000001", "name": "Shop", "access_token": "EAAG0000", "language": "en"}
    },
    "PageChange": {"Human agent tag": {"human_agent_tag": True}},
    "Reauthorization": {"New token": {"access_token": "EAAG0001"}},
    "TokenCheck": {"Token of a page": {"page_id": "108823774519302", "access_token": "EAAG0001"}},
    "WorkstreamInput": {"Workstream": {"name": "Returns", "auto_close_waiting_after_minutes": 1440}},
    "RuleSetInput": {
        "Classification": {
            "kind": "classification",
            "name": "Who it is",
            "rules": [
                {
                    "name": "Speaks French",
                    "conditions": {"items": [{"field": "locale", "operator": "begins_with", "value": "fr"}]},
                    "outputs": {"priority": 5},
                }
            ],
        },
        "Route": {
            "kind": "route",
            "name": "Where it goes",
            "rules": [{"name": "All", "targets": [{"queue_id": "default", "percent": 100}]}],
        },
    },
    "DryRunInput": {"Customer": {"customer_name": "Ada Byron", "locale": "fr_FR"}},
    "DispositionCodeInput": {"Code": {"name": "Solved"}},
    "DispositionCodeChange": {"Off": {"active": False}},
    "ContactInput": {
        "Contact": {"name": "Ada Byron", "email": "ada@example.org", "phone": "+49 30 123456"},
        "By the business's number": {"number": "KD-1042"},
    },
    "MergeInput": {"The other": {"contact_id": "the-id-of-a-contact"}},
    "LinkInput": {"Contact": {"contact_id": "the-id-of-a-contact"}},
    "ContactFieldInput": {"Field": {"title": "Tier"}},
    "ContactRulesInput": {"By e-mail": {"rules": [{"variable": "Email", "key": "email", "creates": True}]}},
    "NoteInput": {"Note": {"text": "Wants the blue one; call back on Monday."}},
    "QuickReplyInput": {
        "Shared": {
            "slug": "hours",
            "title": "Opening hours",
            "texts": {"en": "Hello {CustomerName|there}, we are open from 9 to 17.", "de": "Hallo!"},
            "fallback_language": "en",
            "tags": ["hours"],
        },
        "Personal": {"slug": "bye", "title": "My goodbye", "texts": {"en": "Bye!"}, "personal": True},
    },
    "QuickReplyChange": {
        "Change": {"slug": "hours", "title": "Opening hours", "texts": {"en": "We are open all day."}}
    },
    "WorkstreamChange": {"Reopening": {"reopen_closed_within_minutes": 60}},
    "WorkstreamPages": {"Pages": {"page_ids": ["1000000001"]}},
    "AutomatedMessageInput": {
        "Greeting": {
            "active": True,
            "texts": {"en": "Welcome!", "de": "Willkommen!"},
            "fallback_language": "en",
        }
    },
    "TimeOutRuleInput": {
        "Close when silent": {"silent": "customer", "after_minutes": 1440, "action": "close"}
    },
    "SessionTemplateInput": {
        "Template": {
            "name": "Order",
            "title": "{CustomerName}",
            "tabs": [{"title": "Order", "kind": "link", "target": "https://shop.example/orders"}],
        }
    },
    "QueueInput": {
        "Queue": {"name": "Returns"},
        "Queue that overflows": {
            "name": "Orders",
            "priority": 10,
            "assignment": {"method": "advanced_round_robin"},
            "overflow": {
                "before": [{"condition": "waiting_items", "action": "end", "waiting": 20}],
                "while_queued": {"seconds": 1800, "action": "transfer", "queue_id": "default"},
            },
        },
        "Queue with rules of its own": {
            "name": "Complaints",
            "assignment": {
                "method": "custom",
                "rules": [
                    {
                        "conditions": {"items": [{"field": "priority", "operator": "at_least", "value": 5}]},
                        "order": ["available", "highest_rating"],
                    },
                    {"order": ["free_capacity"]},
                ],
            },
        },
    },
    "QueueChange": {"Method": {"assignment": {"method": "least_active"}}},
    "OperatingHoursInput": {
        "Office": {
            "name": "Office",
            "timezone": "Europe/Berlin",
            "intervals": [{"weekday": 0, "opens": "09:00", "closes": "17:30"}],
            "holidays": [{"name": "Christmas", "first_day": "2026-12-25", "last_day": "2026-12-26"}],
        }
    },
    "SkillInput": {"Skill": {"name": "French", "max_rating": 5}},
    "SkillChange": {"Description": {"description": "Speaks and writes it"}},
    "AgentSkills": {"Skills": {"skills": [{"skill_id": "the-id-of-a-skill", "rating": 4}]}},
    "CapacityProfileInput": {"Complaints": {"name": "Complaints", "default_limit": 1, "blocks": True}},
    "CapacityProfileChange": {"Limit": {"default_limit": 2}},
    "AgentCapacity": {
        "Units": {"units": 3},
        "Units and profiles": {
            "units": 3,
            "profiles": [{"capacity_profile_id": "the-id-of-a-profile", "limit": 1}],
        },
    },
    "AgentInput": {
        "Person": {
            "name": "Ada",
            "role": "agent",
            "email": "ada@example.org",
            "password": "correct horse battery",
        },
        "Machine": {"name": "Shop system", "role": "machine"},
    },
    "AgentChange": {"Role": {"role": "supervisor"}, "Deactivate": {"active": False}},
    "KeyInput": {
        "Key": {"name": "laptop"},
        "Key with an end": {"name": "fair", "expires_at": "2030-01-31T18:00:00Z"},
    },
    "ConversationInput": {"Customer": {"customer_id": "the-id-of-a-customer"}},
    "ContextInput": {"Variables": {"variables": {"OrderNumber": "1042", "Total": 59.9}}},
    "ContextChange": {"Set and forget": {"variables": {"Total": 49.9, "Coupon": None}}},
    "ReplyInput": MESSAGES,
    "JourneyInput": {"A day and an hour": {"seconds": 90000}},
    "ReadInput": {"Up to a message": {"up_to": "the-id-of-a-message"}, "Nothing": {"up_to": None}},
    "TypingInput": {"Typing": {"on": True}},
    "PassInput": {"To the Page inbox": {}, "To another app": {"app_id": "1234567890", "metadata": "Returns"}},
    "ReceiverInput": {"To an agent": {"agent_id": "mia"}, "To a queue": {"queue_id": "default"}},
    "BulkActionInput": {
        "Close": {"action": "force_close", "conversation_ids": ["the-id-of-a-conversation"]},
        "Assign": {
            "action": "assign",
            "conversation_ids": ["the-id-of-a-conversation", "the-id-of-another"],
            "queue_id": "default",
        },
    },
    "PreferredAgentsInput": {"Agents": {"agent_ids": ["mia", "tom"]}, "None": {"agent_ids": []}},
    "ColleagueInput": {"A colleague": {"agent_id": "mia"}},
    "JoinInput": {"Yourself, as a supervisor": {}, "A consulted colleague": {"agent_id": "mia"}},
    "AnswerInput": {"To this offer": {"offer_id": "the-id-of-the-offer"}, "To the present one": {}},
    "EndInput": {
        "End": {},
        "With what it was about": {"disposition_code_id": "solved"},
        "Without a survey": {"skip_survey": True},
    },
    "CompleteInput": {"Complete": {}, "With what it was about": {"disposition_code_id": "solved"}},
    "PageSurvey": {
        "By link": {"active": True, "question": "csat", "way": "link"},
        "By buttons, after an hour": {
            "active": True,
            "question": "nps",
            "way": "buttons",
            "delay_minutes": 60,
        },
    },
}
