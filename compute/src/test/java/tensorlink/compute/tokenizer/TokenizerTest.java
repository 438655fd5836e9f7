package tensorlink.compute.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tensorlink.compute.format.ModelFormatException;

class TokenizerTest {
    private static final String MERGING =
            """
            {"version": "1.0",
             "added_tokens": [{"id": 6, "content": "<end>", "special": true, "single_word": false,
               "lstrip": false, "rstrip": false, "normalized": false}],
             "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst",
               "stride": 0},
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
               "use_regex": true},
             "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
               "use_regex": true},
             "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "Ġ": 5},
               "merges": ["a b", "ab c"]}}\
            """;

    @Test
    void bytes_are_their_own_ids() {
        var bytes = Tokenizer.bytes();

        assertThat(bytes.encode("aé")).containsExactly(97, 0xC3, 0xA9);
        assertThat(bytes.decode(List.of(97, 0xC3, 0xA9))).isEqualTo("aé");
        assertThat(bytes.vocabularySize()).isEqualTo(256);
    }

    @Test
    void special_tokens_stay_around_a_text_that_is_cut() throws Exception {
        var framed =
                MERGING.replace(
                        "\"decoder\":",
                        """
                        "post_processor": {"type": "TemplateProcessing",
                          "single": [{"SpecialToken": {"id": "c", "type_id": 0}},
                            {"Sequence": {"id": "A", "type_id": 0}},
                            {"SpecialToken": {"id": "<end>", "type_id": 0}}],
                          "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                            {"Sequence": {"id": "B", "type_id": 0}}],
                          "special_tokens": {
                            "c": {"id": "c", "ids": [2], "tokens": ["c"]},
                            "<end>": {"id": "<end>", "ids": [6], "tokens": ["<end>"]}}},
                         "decoder":\
                        """);
        var tokenizer = Tokenizer.parse("tokenizer.json", framed.getBytes(UTF_8));

        assertThat(tokenizer.encodeWhole("abcbabab", 9)).containsExactly(2, 4, 1, 3, 3, 6);
        assertThat(tokenizer.encodeWhole("abcbabab", 4)).containsExactly(2, 4, 1, 6);
        assertThat(tokenizer.encodeWhole("abcbabab", 1)).containsExactly(2);
        assertThat(tokenizer.encode("abcbabab")).containsExactly(4, 1, 3, 3);
        assertThat(Tokenizer.bytes().encodeWhole("abc", 2)).containsExactly(97, 98);
    }

    @Test
    void half_a_character_becomes_a_replacement_character_and_strange_ids_nothing() {
        assertThat(Tokenizer.bytes().decode(List.of(97, 0xC3, 256, -1, 98))).isEqualTo("a\uFFFDb");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "int x = 0;\n\t// ümläut\r\n", "\0\u007F€😀", " a  b "})
    void the_byte_tokenizer_as_a_file_gives_the_same_ids_and_text(String text) throws Exception {
        var bytes = Tokenizer.bytes();

        var parsed = Tokenizer.parse("tokenizer.json", bytes.json());

        assertThat(parsed.encode(text)).isEqualTo(bytes.encode(text));
        assertThat(parsed.decode(bytes.encode(text))).isEqualTo(text);
        assertThat(parsed.vocabularySize()).isEqualTo(256);
    }

    @Test
    void merges_as_the_file_says_and_counts_added_tokens() throws Exception {
        var tokenizer = Tokenizer.parse("tokenizer.json", MERGING.getBytes(UTF_8));

        assertThat(tokenizer.encode("abc ab")).containsExactly(4, 5, 3);
        assertThat(tokenizer.decode(List.of(4, 5, 3, 6))).isEqualTo("abc ab");
        assertThat(tokenizer.vocabularySize()).isEqualTo(7);
        assertThat(tokenizer.json()).isEqualTo(MERGING.getBytes(UTF_8));
    }

    @Test
    void never_truncates_even_where_the_file_says_so() throws Exception {
        var tokenizer = Tokenizer.parse("tokenizer.json", MERGING.getBytes(UTF_8));

        assertThat(tokenizer.encode("c".repeat(10_000))).hasSize(10_000);
    }

    @Test
    void half_a_surrogate_pair_becomes_a_question_mark() throws Exception {
        var parsed = Tokenizer.parse("tokenizer.json", Tokenizer.bytes().json());

        assertThat(parsed.encode("a\uD83D")).containsExactly(97, 63);
        assertThat(Tokenizer.bytes().encode("a\uD83D")).containsExactly(97, 63);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"model\": {\"vocab\": {}}}",
                "{\"model\": {\"vocab\": {\"a\": -1}}}",
                "{\"model\": {\"vocab\": {\"a\": \"0\"}}}",
                "{\"model\": {\"vocab\": {\"a\": 0}}}",
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"x y\"]}}",
                "{\"model\": {\"type\": \"Evil\", \"vocab\": {\"a\": 0}}}",
            })
    void refuses_what_is_not_a_tokenizer(String json) {
        assertThatThrownBy(() -> Tokenizer.parse("tokenizer.json", json.getBytes(UTF_8)))
                .isInstanceOf(ModelFormatException.class)
                .hasMessageStartingWith("tokenizer.json: ");
    }
}
