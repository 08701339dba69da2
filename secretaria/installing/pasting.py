"""What a new installation hands to its Whaticket: where to send events, and what to prove itself with, by edition."""

from __future__ import annotations

from secretaria.settings import Flavour

PATH = "/webhook/whaticket"


def webhook_instructions(flavour: Flavour, public_url: str, token: str, secret: str) -> list[str]:
    """Return what to paste where, in Portuguese, line by line.

    Args:
        flavour: The edition of this Whaticket.
        public_url: Under which Whaticket reaches us, without a slash at the end.
        token: The WEBHOOK_TOKEN in force; empty where none is.
        secret: The WEBHOOK_SECRET in force; empty where none is.
    """
    address, unsigned = f"{public_url}{PATH}", f"{public_url}{PATH}/{token}"
    relay = [
        "O retransmissor assina cada evento (X-Timestamp e X-Signature; docs/operacao/instalar.md tem o exemplo):",
        f"  endereço  {address}",
        f"  segredo   {secret}",
        "ou, se ele não sabe assinar, manda para:",
        f"  {unsigned}",
    ]
    if flavour == "saas":
        return [
            "No Whaticket: Integrações > Adicionar > n8n (ou Webhook), com o endereço:",
            f"  {unsigned}",
            "Depois escolha essa integração na conexão, ou na fila, cujas mensagens a secretária atende.",
            "O endereço contém o segredo: quem o tem pode escrever como cliente.",
        ]
    if flavour == "ticketz":
        return ["O Ticketz não envia webhook: um retransmissor lê as mensagens e as manda para cá.", *relay]
    return [
        "A edição community não envia webhook: um retransmissor ouve o painel e manda cada mensagem para cá.",
        *relay,
    ]
