"""The protocols of text answers, as a judge knows them: in one literal table, by the name of their dialect."""

from collections.abc import Mapping

from understudy.contracts.protocols.anthropic_messages import ANTHROPIC_MESSAGES
from understudy.contracts.protocols.gemini import GEMINI
from understudy.contracts.protocols.openai_chat import OPENAI_CHAT
from understudy.contracts.protocols.openai_responses import OPENAI_RESPONSES
from understudy.contracts.protocols.protocol import Protocol

PROTOCOLS: Mapping[str, Protocol] = {
    protocol.name: protocol for protocol in (ANTHROPIC_MESSAGES, OPENAI_CHAT, OPENAI_RESPONSES, GEMINI)
}
