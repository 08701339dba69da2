"""What stands around a number: the word that names it, through the small words people put in between."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cached_property

FILL = (
    r"(?:[\s:=,;\"'”()#>*_/\]\[.?!-]|(?<![a-z0-9])(?:n|no|na|nr|num|numero|e|eh|is|the|do|da|de|dele|dela|meu|minha|o|a|os|as|seu|sua|titular|"
    r"cliente|paciente|mae|pai|filho|filha|esposa|marido|aqui|segue|novo|nova|antigo|antiga|ai|vai|ta|esta|atual|pessoal|fixo|"
    r"residencial|comercial|ou|com|por|para|pro|pra|me|manda|anota|pode|ser|em|nesse|neste|esse|este|informado|informada)(?![a-z0-9]))"
)
PHONE_WORDS = re.compile(
    r"(?<![a-z])(?:tel|tels|telefones?|telef|fones?|cel|cels|celular(?:es)?|zap|zapzap|zaps|whats?|whatsapp|whatszap|wpp|wap|wts|wzp|"
    r"ligar?|ligue|liguem|ligo|ligou|ligando|liguei|contatos?|chama|chamar|chame|recados?|phones?|mobile|call|sms|discar|disque|retornar|retorna|"
    r"retorne|retorno|telefonar|number|numero|fax|ddd|fixo)(?![a-z])"
)
BETWEEN = re.compile(FILL + "{0,9}")
LABELS = re.compile(
    r"(?<![a-z])(?:pedidos?|order|protocolo|prot|ordem|os|nf|nfe|nf-e|nota(?: fiscal)?|lote|processo|contrato|linha|line|versao|version|build|sku|ref|"
    r"referencia|rastreio|rastreamento|codigo(?: de barras)?|cod|cupom|boleto|ticket|chamado|senha de atendimento|matricula|patrimonio|serie|serial|sala|"
    r"apto|apartamento|quarto|bloco|quadra|mesa|pagina|paginas|pag|artigo|art|lei|id|ean|gtin|isbn|imei|epoch|timestamp|ts|em|at|as|fatura|invoice|"
    r"transacao|nsu|autorizacao|agendamento|reserva|orcamento|proposta|item|produto|modelo|guia|carteirinha|seq|offset|bytes|port|porta|pid|hash|commit|"
    r"sha|modelo|temporada|periodo|entre|ano|anos|safra|faixa|job|message|msg|event|request|trace|correlation|batch)(?:[_-]?id)?"
    r"[\s:=#.\"'”(_-]{0,4}(?:(?:n[ro]?|num|numero|e|eh|do|da|de|entrega|pedido|compra)[\s:=#.-]{1,3}){0,2}"
)


class Surroundings:
    """The named places of one text, found once and asked often.

    Args:
        low: The folded text in small letters.
    """

    def __init__(self, low: str) -> None:
        self.low = low

    def is_called_phone(self, start: int) -> bool:
        """Return whether a word for a telephone, and nothing but small words, stands before a place."""
        words, ends = self._phone_words
        before = bisect_right(words, start) - 1
        return before >= 0 and ends[before] >= start

    def is_called_otherwise(self, start: int) -> bool:
        """Return whether what follows is called an order, a protocol, a version or the like."""
        ends = self._labels
        nearest = bisect_left(ends, start - 1)
        return nearest < len(ends) and ends[nearest] in {start, start - 1}

    @cached_property
    def _phone_words(self) -> tuple[list[int], list[int]]:
        ends = [found.end() for found in PHONE_WORDS.finditer(self.low)]
        return ends, [BETWEEN.match(self.low, end).end() for end in ends]  # type: ignore[union-attr]  # it matches nothing too

    @cached_property
    def _labels(self) -> list[int]:
        return [found.end() for found in LABELS.finditer(self.low)]
