package tensorlink.node.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tensorlink.ledger.Account;
import tensorlink.p2p.multiaddr.Multiaddr;

class ContractFileTest {
    private static final String GOOD =
            """
            {"chainId": 8453, "contract": "0x1111111111111111111111111111111111111111",
             "codeHash": "0x2222222222222222222222222222222222222222222222222222222222222222",
             "block": 7, "endpoints": ["https://rpc.example.org"]}
            """;
    private static final LedgerTerms.Contract CONTRACT =
            new LedgerTerms.Contract(
                    8453,
                    Account.parse("0x" + "11".repeat(20)),
                    ByteString.fromHex("22".repeat(32)),
                    7,
                    List.of(URI.create("https://rpc.example.org")));

    @TempDir private Path folder;

    private ContractFile read(String text) throws Exception {
        return ContractFile.read(Files.writeString(folder.resolve("chain.json"), text));
    }

    @Test
    void seeds_may_be_absent() throws Exception {
        assertThat(read(GOOD)).isEqualTo(new ContractFile(CONTRACT, List.of()));
    }

    @Test
    void one_is_read_as_it_was_written() throws Exception {
        var seeds = List.of(Multiaddr.parse("/dnsaddr/seeds.example.org"));
        var written = new ContractFile(CONTRACT, seeds);

        written.write(folder.resolve("written.json"));

        assertThat(ContractFile.read(folder.resolve("written.json"))).isEqualTo(written);
    }

    private static final String SMARTNODES =
            """
            {"chainId": 84532,
             "core": {"contract": "0x1111111111111111111111111111111111111111", "block": 7,
              "codeHash": "0x2222222222222222222222222222222222222222222222222222222222222222"},
             "coordinator": {"contract": "0x3333333333333333333333333333333333333333", "block": 8,
              "codeHash": "0x4444444444444444444444444444444444444444444444444444444444444444"},
             "token": {"contract": "0x5555555555555555555555555555555555555555", "block": 6,
              "codeHash": "0x6666666666666666666666666666666666666666666666666666666666666666"},
             "endpoints": ["wss://rpc.example.org"]}
            """;

    @Test
    void the_smartnodes_contracts_are_read_as_they_were_written() throws Exception {
        var read = read(SMARTNODES);

        read.write(folder.resolve("written.json"));

        assertThat(ContractFile.read(folder.resolve("written.json"))).isEqualTo(read);
        assertThat(read.ledger())
                .isInstanceOfSatisfying(
                        LedgerTerms.Smartnodes.class,
                        terms -> {
                            assertThat(terms.contracts().chain().chainId()).isEqualTo(84_532);
                            assertThat(terms.contracts().token().block()).isEqualTo(6);
                        });
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "`token`,`tokens`,`field tokens is unknown`",
                "`0x3333`,`0x33`,`coordinator: `",
                "`0x6666`,`0x66`,`token: codeHash`",
                "`\"block\": 7`,`\"block\": -7`,`core: block is negative: -7`",
                "`\"block\": 8`,`\"blok\": 8`,`coordinator: field blok is unknown`",
                "`84532`,`0`,`a chain's id is more than 0, not 0`",
                "`wss:`,`ftp:`,`not an address of http, https, ws or wss`",
            })
    void what_is_wrong_with_a_smartnodes_contract_is_said(String good, String bad, String said) {
        assertThatExceptionOfType(NetworkException.class)
                .isThrownBy(() -> read(SMARTNODES.replaceFirst(good, bad)))
                .withMessageContaining(said);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "`8453`,`0`,`chain id is 0, below 1`",
                "`8453`,`\"8453\"`,`field chainId is missing or no number`",
                "`\"0x1111111111111111111111111111111111111111\"`,`\"\"`,`field contract is"
                        + " missing`",
                "`0x2222`,`0x22`,`codeHash`",
                "`7`,`-1`,`block is negative: -1`",
                "`https://`,`file://`,`not an address of http, https, ws or wss`",
                "`[\"https://rpc.example.org\"]`,`[]`,`1 to 16 endpoints, not 0`",
                "`[\"https://rpc.example.org\"]`,`[7]`,`field endpoints is no list of texts`",
                "`block`,`blok`,`field blok is unknown`",
                "`{`,`[`,`not JSON`"
            })
    void what_is_wrong_is_said_of_its_field(String good, String bad, String said) {
        assertThatExceptionOfType(NetworkException.class)
                .isThrownBy(() -> read(GOOD.replaceFirst(java.util.regex.Pattern.quote(good), bad)))
                .withMessageContaining(said);
    }

    @Test
    void the_file_of_the_public_network_says_what_is_missing() {
        assertThatExceptionOfType(NetworkException.class)
                .isThrownBy(() -> ContractFile.read(Path.of("../networks/mainnet.json")))
                .withMessageContaining("field contract is missing or empty");
    }
}
