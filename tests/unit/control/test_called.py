"""How each rpc is called in each language, as the reference shows it."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from pipertd.control.called import LANGUAGES, Language, Uncalled, called

# Of each language: the function as it is to be shown, and the rest of a file with what must not be taken for it.
PROGRAMS = {
    "Python": (
        """\
        def get_pipeline(
            api: Api,
        ) -> str:
            request = GetPipelineRequest(name="calls")

            return api.pipelines.GetPipeline(request).pipeline.name
        """,
        """\
        def get_pipeline_twice(api: Api) -> str:
            return get_pipeline(api) + get_pipeline(api)


        # One pipeline.
        %s

        if __name__ == "__main__":
            main()
        """,
    ),
    "Go": (
        """\
        func getPipeline(api client) (string, error) {
            if api == nil {
                return "", nil
            }
            return api.GetPipeline()
        }
        """,
        """\
        // getPipeline asks for one.
        %s
        func getPipelineTwice(api client) (string, error) {
            return getPipeline(api)
        }
        """,
    ),
    "TypeScript": (
        """\
        async function getPipeline({
          pipelines,
        }: Api): Promise<string> {
          const { pipeline } = await pipelines.getPipeline({ name: "calls" });
          return pipeline.name;
        }
        """,
        """\
        const all = { getPipeline };
        /** One pipeline. */
        %s
        async function getPipelineTwice(api: Api): Promise<string> {
          return getPipeline(api);
        }
        """,
    ),
    "Java": (
        """\
        static String getPipeline(Api api) {
            return api.pipelines().getPipeline(request()).getName();
        }
        """,
        """\
        final class Calls {
        %s
            static String getPipelineTwice(Api api) {
                return getPipeline(api);
            }
        }
        """,
    ),
    "Rust": (
        """\
        pub async fn get_pipeline(
            api: &mut Api,
        ) -> Result<String, Status> {
            Ok(api.pipelines.get_pipeline(request()).await?.name)
        }
        """,
        """\
        /// One pipeline.
        %s
        pub async fn get_pipeline_twice(api: &mut Api) -> Result<String, Status> {
            get_pipeline(api).await
        }
        """,
    ),
    "C++": (
        """\
        std::string GetPipeline(Api& api) {
          GetPipelineResponse response;
          Check(api.pipelines->GetPipeline(&context, request, &response));
          return response.pipeline().name();
        }
        """,
        """\
        // One pipeline.
        %s
        std::string GetPipelineTwice(Api& api) {
          return GetPipeline(api);
        }
        """,
    ),
}


def shown(language: Language) -> str:
    return textwrap.dedent(PROGRAMS[language.name][0]).rstrip()


def program(language: Language) -> str:
    """A whole one; Java's function is in a class, and indented."""
    indent = "    " if language.name == "Java" else ""
    return textwrap.dedent(PROGRAMS[language.name][1]) % textwrap.indent(f"{shown(language)}\n", indent)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.fence)
def test_a_function_is_shown_whole_and_alone(language: Language) -> None:
    """From its first line to its last, not indented; neither its call nor one with a longer name is taken for it."""
    assert language.function("GetPipeline", {"a file": "", "another": program(language)}) == shown(language)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.fence)
def test_a_function_is_there_once(language: Language) -> None:
    """One that is missing, or there twice, is refused with the language, the rpc and where to look."""
    with pytest.raises(Uncalled, match=rf"^{re.escape(language.name)} is to have .* for GetStatus, not 0: clients/"):
        language.function("GetStatus", {"a file": program(language)})
    with pytest.raises(Uncalled, match="for GetPipeline, not 2: a file, another"):
        language.function("GetPipeline", {"a file": program(language), "another": program(language)})


def test_the_calls_are_those_of_the_files(tmp_path: Path) -> None:
    """Each language's are found where its row says."""
    for language in LANGUAGES:
        file = tmp_path / language.sources.replace("**", "deep").replace("*", "some")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(program(language))
    calls = called(["GetPipeline"], tmp_path)["GetPipeline"]
    assert [call.language for call in calls] == list(LANGUAGES)
    assert [call.code for call in calls] == [shown(language) for language in LANGUAGES]
