"""The page of steps: stage after stage, what is to come keeps its room, numbers add up."""

from __future__ import annotations

import re

import pytest
from streamlit.testing.v1 import AppTest

from pages.steps_words import STAGES
from tests.pages.opening import run_page


def html_of(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def press(app: AppTest, key: str) -> AppTest:
    app = app.button(key=key).click().run()
    assert not app.exception
    return app


@pytest.fixture
def opened() -> AppTest:
    app = run_page("steps")
    assert not app.exception
    app = app.selectbox(key="steps dataset").set_value("digits").run()
    assert not app.exception
    return app


def test_each_stage_adds_its_tensors(opened: AppTest) -> None:
    app, pictures = opened, []
    for stage, name in enumerate(STAGES):
        assert any(f"badge[{name}]" in element.value for element in app.markdown)
        assert any(element.value == f"#### {name}" for element in app.markdown)
        pictures.append(len(re.findall("<img alt", html_of(app))))
        if stage < len(STAGES) - 1:
            app = press(app, "steps next")
    assert pictures == [8, 8, 16, 24, 24, 24]
    assert html_of(app).count('class="bar"') == 8  # weights and biases of four layers
    assert app.button(key="steps next").label == "Next batch"
    app = press(app, "steps next")
    assert any("**Step 2**" in element.value for element in app.markdown)
    assert html_of(app).count("<img alt") == 8


def test_the_loss_in_the_formula_is_the_sum_of_its_terms(opened: AppTest) -> None:
    app = opened.number_input(key="steps beta").set_value(2.0).run()
    for _ in range(3):
        app = press(app, "steps next")
    text = app.latex[0].value
    nll, beta, kl = (float(n) for n in re.findall(r"underbrace\{(-?[\d.]+)\}", text))
    total = float(re.search(r"= (-?[\d.]+)", text)[1])  # type: ignore[index]
    assert beta == 2.0
    assert total == pytest.approx(nll + beta * kl, abs=0.03)


def test_the_same_batch_costs_less_after_the_update(opened: AppTest) -> None:
    app = press(opened, "steps leap")
    assert any("**Step 21**" in element.value for element in app.markdown)
    for _ in range(5):
        app = press(app, "steps next")
    before, after = map(float, re.findall(r"(\d+\.\d+)", app.latex[0].value))
    assert after < before
    app = press(app, "steps again")
    assert any("**Step 1**" in element.value for element in app.markdown)


def test_a_training_that_bursts_says_so(opened: AppTest) -> None:
    app = opened.number_input(key="steps rate").set_value(0.1).run()
    app = app.number_input(key="steps beta").set_value(100.0).run()
    walk = app.session_state["steps"]["walk"]
    for parameter in walk.model.parameters():
        parameter.data.fill_(float("nan"))
    app = press(app, "steps leap")
    assert "start again with a lower learning rate" in app.error[0].value.lower()
    assert not press(app, "steps again").error
