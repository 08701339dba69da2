"""The base's own sections answer what customers ask."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from secretaria.simulation import SAMPLE_BUSINESS
from secretaria.simulation.answers import MAX_BUBBLE, Retrieval, Section, excerpt, load_sections

QUESTIONS = {
    "qto custa limpeza": {"faq.md#faq-08", "servicos-e-precos.md#limpeza"},
    "abre sabado?": {"faq.md#faq-01", "faq.md#faq-02"},
    "tem estacionamento": {"faq.md#faq-04"},
    "atende convenio odontovida": {"faq.md#faq-30", "convenios-e-pagamento.md#convenios-aceitos"},
    "dental mais bronze vcs aceitam?": {"convenios-e-pagamento.md#convenios-aceitos"},
    "onde vcs ficam?": {"faq.md#faq-03"},
    "abrem domingo?": {"enderecos-e-horarios.md#domingos-e-feriados", "faq.md#faq-01"},
    "qual ônibus passa ai perto": {"enderecos-e-horarios.md#unidade-centro"},
    "gravida pode clarear o dente?": {"faq.md#faq-12"},
    "quanto tempo usa aparelho": {"faq.md#faq-14"},
    "valor do aparelho por favor": {"faq.md#faq-13", "servicos-e-precos.md#aparelho-ortodontico"},
    "quem é o dentista que faz aparelho": {"sobre.md#equipe"},
    "meu braquete soltou": {"faq.md#faq-17", "urgencias-e-cuidados.md#aparelho"},
    "quanto é o canal do molar": {"faq.md#faq-18", "servicos-e-precos.md#canal"},
    "qual o preço pra tirar siso": {"faq.md#faq-20", "servicos-e-precos.md#extracao-e-siso"},
    "vcs fazem panoramica?": {"faq.md#faq-21", "sobre.md#o-que-nao-fazemos"},
    "conserta dentadura?": {"faq.md#faq-24", "servicos-e-precos.md#implante-e-protese"},
    "meu filho tem medo": {"faq.md#faq-29"},
    "da pra dividir no cartao?": {"faq.md#faq-32", "convenios-e-pagamento.md#formas-de-pagamento"},
    "aceitam cheque": {"convenios-e-pagamento.md#formas-de-pagamento"},
    "qual a multa se eu faltar": {"politica-de-agendamento.md#cancelar-ou-remarcar", "faq.md#faq-34"},
    "vou me atrasar 10 min perco a consulta?": {"faq.md#faq-35", "politica-de-agendamento.md#atraso"},
    "que documento preciso levar?": {"politica-de-agendamento.md#o-que-trazer"},
    "posso tomar cafe depois do clareamento": {"urgencias-e-cuidados.md#depois-do-clareamento"},
    "qual o email de vcs": {"enderecos-e-horarios.md#contato"},
}


@pytest.fixture(scope="module")
def retrieval() -> Retrieval:
    """The search over the sample's base."""
    return Retrieval(load_sections(SAMPLE_BUSINESS / "base"))


def test_free_questions_find_their_source(retrieval: Retrieval) -> None:
    """At least 22 of 25 questions, typed the way customers type, reach a right section."""
    found = {question: retrieval.find(question) for question in QUESTIONS}
    right = [question for question, section in found.items() if section and section.id in QUESTIONS[question]]
    assert len(QUESTIONS) == 25
    assert len(right) >= 22, sorted(set(QUESTIONS) - set(right))


@pytest.mark.parametrize(
    "question",
    ["vendem pneu", "tem wifi na sala de espera", "fazem exame de sangue", "aceitam cachorro", "kkkk", "oi", ""],
)
def test_strange_questions_find_nothing(retrieval: Retrieval, question: str) -> None:
    """What the base does not speak of gets no section, rather than a wrong one."""
    assert retrieval.find(question) is None


def test_an_empty_base_finds_nothing() -> None:
    """A business without a base is a business that knows nothing, not an error."""
    assert Retrieval([]).find("quanto custa?") is None


def test_anchors_follow_the_headings(retrieval: Retrieval) -> None:
    """FAQ sections are named by their number, the others by their heading without accents or signs."""
    assert "faq.md#faq-42" in retrieval.sections
    assert "servicos-e-precos.md#extracao-e-siso" in retrieval.sections
    assert "politica-de-agendamento.md#atestado-e-declaracao" in retrieval.sections
    assert retrieval.sections["faq.md#faq-08"].heading == "Quanto custa uma limpeza?"


def test_every_source_of_the_sample_exists(retrieval: Retrieval, sample_sources: set[str]) -> None:
    """The labels of the sample point at sections under the very ids we give them."""
    assert sample_sources
    assert sample_sources <= set(retrieval.sections)


def test_excerpts_are_whole_sentences_of_one_bubble(retrieval: Retrieval) -> None:
    """Whatever the section, what is said of it fits a bubble and ends where a sentence ends."""
    said = [excerpt(section) for section in retrieval.sections.values()]
    assert max(map(len, said)) <= MAX_BUBBLE
    assert [text for text in said if not text.endswith((".", "!", "?"))] == []


def test_tables_are_said_aloud(section: Callable[[str], Section]) -> None:
    """A table becomes sentences that keep its title and its column names."""
    table = "| Tipo | Instalação | Mensal |\n| --- | --- | --- |\n| Metálico | R$ 350 | R$ 149 |"
    assert excerpt(section(table)) == "Aparelho: Metálico: instalação R$ 350, mensal R$ 149."
    assert excerpt(section("| Dente | Valor |\n| --- | --- |\n| Molar | R$ 1.290 |")) == "Aparelho: Molar: R$ 1.290."


def test_a_list_of_what_is_not_done_says_so(section: Callable[[str], Section]) -> None:
    """A list keeps its title, without which its meaning may turn into the opposite."""
    assert excerpt(section("- Harmonização facial.\n- Atendimento em domicílio.")).startswith("Aparelho: Harmonização")


def test_a_sentence_longer_than_a_bubble_is_cut(section: Callable[[str], Section]) -> None:
    """Even a section of one endless sentence gives something that fits."""
    assert len(excerpt(section("muito " * 100))) == MAX_BUBBLE
