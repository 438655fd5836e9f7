package tensorlink.jobs.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tensorlink.compute.Batch;
import tensorlink.compute.Task;
import tensorlink.compute.Tokens;
import tensorlink.compute.Values;
import tensorlink.compute.tokenizer.Tokenizer;

/** Examples from files, their parts and their order. */
class ExamplesTest {
    private static final Tokenizer BYTES = Tokenizer.bytes();

    @TempDir private Path folder;

    @Test
    void an_order_has_each_number_once_and_depends_on_seed_and_epoch_alone() {
        var shuffle = new Shuffle(7);

        var order = shuffle.order(100, 3);

        assertThat(IntStream.of(order).sorted().toArray())
                .isEqualTo(IntStream.range(0, 100).toArray());
        assertThat(order).isEqualTo(new Shuffle(7).order(100, 3));
        assertThat(order).isNotEqualTo(shuffle.order(100, 4));
        assertThat(order).isNotEqualTo(new Shuffle(8).order(100, 3));
        assertThat(shuffle.order(0, 0)).isEmpty();
        assertThatThrownBy(() -> shuffle.order(1, 1L << 31)).hasMessage("epoch 2147483648");
    }

    /**
     * If they ever change, runs that were interrupted before no longer go on as they began. These
     * were computed by a program of its own.
     */
    @Test
    void orders_stay_what_they_are() {
        assertThat(new Shuffle(1).order(8, 0)).containsExactly(2, 7, 0, 3, 6, 1, 5, 4);
        assertThat(new Shuffle(1).order(8, 1)).containsExactly(3, 5, 4, 2, 7, 1, 6, 0);
    }

    @Test
    void each_place_of_an_order_is_as_likely_for_each_number() {
        var counts = new int[5][5];
        for (int epoch = 0; epoch < 10_000; epoch++) {
            var order = new Shuffle(1).order(5, epoch);
            for (int i = 0; i < 5; i++) {
                counts[i][order[i]]++;
            }
        }

        for (var place : counts) {
            for (int count : place) {
                assertThat(count).isBetween(1_800, 2_200); // 5 standard deviations
            }
        }
    }

    @Test
    void a_text_is_cut_into_whole_windows_one_after_another() {
        var windows = TextWindows.of("abcdefghij", BYTES, 4);

        assertThat(windows.size()).isEqualTo(2);
        assertThat(windows.tokensOfEach()).isEqualTo(4);
        assertThat(text(windows.batch(1, 0))).containsExactly("efgh", "abcd");
        assertThatThrownBy(() -> TextWindows.of("abc", BYTES, 1))
                .hasMessage("pieces of 1 tokens, at least 2");
    }

    @Test
    void texts_of_several_files_follow_each_other() throws Exception {
        var one = Files.writeString(folder.resolve("1"), "abc");
        var two = Files.writeString(folder.resolve("2"), "defg");

        assertThat(text(TextWindows.read(List.of(two, one), BYTES, 6).batch(0)))
                .containsExactly("defgab");
    }

    @Test
    void a_split_has_no_common_example_and_loses_none() {
        var windows = TextWindows.of("0a1b2c3d4e5f6g7h8i9j", BYTES, 2);

        var inOrder = windows.split(0.3);
        var byLot = windows.split(0.3, new Shuffle(1));

        assertThat(text(inOrder.heldOut().batch(0, 1, 2))).containsExactly("7h", "8i", "9j");
        assertThat(inOrder.training().size()).isEqualTo(7);
        assertThat(text(byLot.training().batch(0, 1, 2, 3, 4, 5, 6)))
                .doesNotContainAnyElementsOf(text(byLot.heldOut().batch(0, 1, 2)))
                .doesNotHaveDuplicates();
        assertThat(windows.split(0).heldOut().size()).isZero();
        assertThatThrownBy(() -> windows.split(1.1)).hasMessage("a share of 1.1, expected 0 to 1");
    }

    @Test
    void some_of_the_examples_are_spread_evenly() {
        var windows = TextWindows.of("0a1b2c3d4e5f6g7h8i9j", BYTES, 2);

        assertThat(text(windows.evenly(3).batch(0, 1, 2))).containsExactly("0a", "3d", "6g");
        assertThat(windows.evenly(10)).isSameAs(windows);
        assertThat(windows.evenly(11)).isSameAs(windows);
    }

    @Test
    void other_examples_or_another_order_have_another_digest() {
        var windows = TextWindows.of("abcdefgh", BYTES, 2);

        assertThat(windows.digest()).isEqualTo(TextWindows.of("abcdefgh", BYTES, 2).digest());
        assertThat(
                        List.of(
                                windows.digest(),
                                TextWindows.of("abcdefgi", BYTES, 2).digest(),
                                TextWindows.of("abcdefgh", BYTES, 4).digest(),
                                windows.subset(0, 1).digest(),
                                windows.subset(1, 0).digest()))
                .doesNotHaveDuplicates();
    }

    @Test
    void classified_texts_are_read_from_lines_of_json() throws Exception {
        var file =
                lines(
                        "{\"body\":\"hello\",\"kind\":\"spam\",\"id\":7}",
                        "",
                        "{\"kind\":3,\"body\":\"bye\"}\r");

        var read = ClassifiedTexts.read(file, new ClassifiedTexts.Fields("body", "kind"));

        assertThat(read.classes()).containsExactly("3", "spam");
        assertThat(read.texts())
                .containsExactly(
                        new ClassifiedTexts.Text("hello", 1), new ClassifiedTexts.Text("bye", 0));
    }

    @Test
    void a_class_is_asked_for_after_the_text_and_only_it_counts() throws Exception {
        var read =
                ClassifiedTexts.read(
                        lines(
                                "{\"text\":\"hey\",\"label\":\"no\"}",
                                "{\"text\":\"longer\",\"label\":\"yes\"}"),
                        ClassifiedTexts.Fields.usual());

        var batch = read.toContinue(BYTES, 6).batch(0, 1);

        assertThat(text(batch)).containsExactly("hey\nA\0", "long\nB");
        assertThat(batch.labelCount()).isEqualTo(2);
        assertThat(batch.labels().tokens().at(0, 4)).isEqualTo('A');
        assertThat(batch.labels().tokens().at(1, 5)).isEqualTo('B');
        assertThat(read.cut(BYTES, 6)).isEqualTo(1);
        assertThat(read.cut(BYTES, 8)).isZero();
    }

    @Test
    void texts_to_be_classified_are_filled_up_to_the_longest_of_their_batch() throws Exception {
        var texts =
                new ClassifiedTexts(
                        List.of("ham", "spam"),
                        List.of(
                                new ClassifiedTexts.Text("ab", 1),
                                new ClassifiedTexts.Text("abc", 0),
                                new ClassifiedTexts.Text("abcdefg", 0)));
        var classes = new Task.Classification(List.of("spam", "eggs", "ham"));

        var examples = texts.toClassify(BYTES, 5, classes);

        assertThat(examples.batch(0, 1).inputs())
                .isEqualTo(Tokens.of(new long[] {'a', 'b', -1}, new long[] {'a', 'b', 'c'}));
        assertThat(examples.batch(0, 2).inputs().length()).isEqualTo(5);
        assertThat(examples.batch(0, 2).labels())
                .isEqualTo(Tokens.of(new long[] {0}, new long[] {2}));
        assertThat(texts.cutWhole(BYTES, 5)).isEqualTo(1);
        assertThat(examples.digest()).isNotEqualTo(texts.toClassify(BYTES, 4, classes).digest());
        assertThatThrownBy(
                        () -> texts.toClassify(BYTES, 5, new Task.Classification(List.of("spam"))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("class \"ham\", the model knows [spam]");
    }

    @Test
    void images_and_their_classes_are_read_from_two_files() throws Exception {
        var pixels = new byte[16 + 12];
        System.arraycopy(
                new byte[] {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3}, 0, pixels, 0, 16);
        pixels[16 + 6] = (byte) 255;
        pixels[16 + 7] = 51;
        var images = Files.write(folder.resolve("images"), pixels);
        var labels =
                Files.write(folder.resolve("labels"), new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 4, 9});

        var read = LabelledImages.read(images, labels);

        assertThat(read.size()).isEqualTo(2);
        assertThat(read.height()).isEqualTo(2);
        assertThat(read.width()).isEqualTo(3);
        assertThat(read.classes()).isEqualTo(10);
        assertThat(read.batch(1))
                .isEqualTo(
                        new Batch(
                                Values.of(6, 1, 0.2f, 0, 0, 0, 0),
                                Tokens.of(new long[] {9}),
                                Task.Kind.GRAPH));
    }

    @Test
    void images_and_classes_must_be_equally_many() throws Exception {
        var images =
                Files.write(
                        folder.resolve("images"),
                        new byte[] {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0});
        var labels =
                Files.write(folder.resolve("labels"), new byte[] {0, 0, 8, 1, 0, 0, 0, 2, 4, 9});

        assertThatThrownBy(() -> LabelledImages.read(images, labels))
                .isInstanceOf(DataFormatException.class)
                .hasMessage(labels + ": 2 classes for 1 images");
    }

    private Path lines(String... lines) throws IOException {
        return Files.writeString(
                folder.resolve("lines.jsonl"), String.join("\n", lines), StandardCharsets.UTF_8);
    }

    private static List<String> text(Batch batch) {
        var rows = new String[batch.inputs().rows()];
        Arrays.setAll(
                rows,
                row -> {
                    var text = new StringBuilder();
                    for (int t = 0; t < batch.inputs().length(); t++) {
                        text.append((char) batch.inputs().tokens().at(row, t));
                    }
                    return text.toString();
                });
        return List.of(rows);
    }
}
