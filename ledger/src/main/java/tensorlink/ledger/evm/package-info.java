/**
 * A ledger on a chain: our contract ({@code ledger/contracts}) through JSON-RPC.
 *
 * <p>Start at {@link tensorlink.ledger.evm.EvmLedger}. Below it, from the wire upward: {@code
 * HttpRpc} and {@code WebSocketRpc} ask one endpoint, {@code Endpoints} the first of a list that
 * can be trusted with the question; {@code AbiReader} and {@code RpcValue} take answers apart,
 * checking each length and number; {@code Sender} gets a call into a final block whatever happens
 * to fees, nodes and this process; {@code Calls} and {@code Events} know the contract. {@link
 * tensorlink.ledger.evm.EvmClient} opens all that for contracts that are not ours.
 *
 * <p>The only package that imports Web3j, for encoding calls and transactions.
 */
@NullMarked
package tensorlink.ledger.evm;

import org.jspecify.annotations.NullMarked;
