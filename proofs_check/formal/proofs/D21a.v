(* D21a. One price for all clients.

   max sum_k V_k(B_k) under sum B_k = B is reached at one lambda for all, its 0/1 prefix misses by one critical
   item in all, and equal budgets lose at most sum |lambda_k - lambda| |B_k* - B/K|, and nothing iff one price
   is a slope of every V_k at B/K.

   Assumes: every item costs at most B/K, where equal budgets are compared. *)
From Coq Require Import Reals Lra Psatz List.
From CWMP Require Import Relaxation Pool.
From CWMP Require Import D15a.
Import ListNotations.
Open Scope R_scope.

Section Clients.
Variables (K : nat) (client : nat -> instance R).

(* Shares of all clients' items, or masks, for no more than a total; what they retain. *)
Definition spends (z : nat -> nat -> R) : R := sum (fun k => spend (client k) (z k)) (seq 0 K).
Definition retains (z : nat -> nat -> R) : R := sum (fun k => value (client k) (z k)) (seq 0 K).
Definition shares (z : nat -> nat -> R) := forall k, In k (seq 0 K) -> fractional (client k) (z k).

(* Client k has budget b k; best (client k) (b k), V_k in words, is what its relaxation retains, price_of its price. *)
Definition price_of (k : nat) (b : nat -> R) : R := price (at_budget (client k) (b k)).
Definition all_retain (b : nat -> R) : R := sum (fun k => best (client k) (b k)) (seq 0 K).
Definition possible (b : nat -> R) := forall k, In k (seq 0 K) -> valid (client k) /\
  0 <= b k /\ forall i, In i (indices (client k)) -> c (client k) i <= b k.
Definition slope (k : nat) (x lam : R) := forall z, fractional (client k) z ->
  value (client k) z <= best (client k) x + lam * (spend (client k) z - x).
End Clients.

Definition claim : Prop := forall K client total, 0 <= total ->
  (forall k, In k (seq 0 K) -> valid (client k) /\ forall i, In i (indices (client k)) -> c (client k) i <= total) ->
  exists lam z m, 0 <= lam /\ shares K client z /\ spends K client z <= total /\
  (* one price decides on all clients' items, and nothing retains more *)
  (forall k i, In k (seq 0 K) -> In i (indices (client k)) ->
     (lam * c (client k) i < p (client k) i -> z k i = 1) /\ (p (client k) i < lam * c (client k) i -> z k i = 0)) /\
  (forall y, shares K client y -> spends K client y <= total -> retains K client y <= retains K client z) /\
  (* the prefix misses by one item in all *)
  (forall k, In k (seq 0 K) -> mask (client k) (m k)) /\ spends K client m <= total /\
  (retains K client z = retains K client m \/ exists k s, In k (seq 0 K) /\ In s (indices (client k)) /\
     retains K client z <= retains K client m + p (client k) s) /\
  (* what any division of the total, the equal one too, loses *)
  (forall b, possible K client b -> sum b (seq 0 K) = total ->
     all_retain K client b <= retains K client z <= all_retain K client b +
       sum (fun k => Rabs (price_of client k b - lam) * Rabs (spend (client k) (z k) - b k)) (seq 0 K) /\
     (all_retain K client b = retains K client z <->
        exists mu, 0 <= mu /\ forall k, In k (seq 0 K) -> slope client k (b k) mu)).

Lemma client_valid K (client : nat -> instance R) b k : possible K client b -> In k (seq 0 K) -> valid (at_budget (client k) (b k)).
Proof. intros P L. destruct (P k L) as (V & H & _). split; [exact H|apply V]. Qed.

(* Supergradient of one client's value at its price. *)
Lemma client_gain K client b k z : possible K client b -> In k (seq 0 K) -> fractional (client k) z ->
  value (client k) z <= best (client k) (b k) + price_of client k b * (spend (client k) z - b k).
Proof.
  intros P L Z. pose proof (client_valid K client b k P L) as V. destruct (P k L) as (_ & _ & C).
  apply (relaxed_gain (at_budget (client k) (b k)) z V Z). intros i Li D. specialize (C i Li). cbn in D. lra.
Qed.

Lemma client_fits K client b k : possible K client b -> In k (seq 0 K) ->
  fractional (client k) (relaxed (at_budget (client k) (b k))) /\
  spend (client k) (relaxed (at_budget (client k) (b k))) <= b k.
Proof.
  intros P L. pose proof (client_valid K client b k P L) as V.
  split; [apply (relaxed_fractional _ V)|apply (relaxed_fits _ V)].
Qed.


Section Proof.
Variables (K : nat) (client : nat -> instance R) (total : R).
Hypothesis H0 : 0 <= total.
Hypothesis Fine : forall k, In k (seq 0 K) -> valid (client k) /\ forall i, In i (indices (client k)) -> c (client k) i <= total.
Let P := pool K client total.
Let lam := price P.
Let V : valid P := pool_valid K client total Fine H0.
Let z := of_client K client (relaxed P).

Lemma kept_there l : incl l (by_density reals P) -> forall n, there K client n = false -> kept l n = 0.
Proof.
  intros C n T. apply kept_out. intros L. pose proof (pool_keeps K client total l C n L) as G. congruence.
Qed.

Lemma cwmp_in_order : incl (cwmp reals P) (by_density reals P).
Proof. apply prefix_incl. Qed.

Lemma critical_in_order s : critical_item reals P = Some s -> incl [s] (by_density reals P).
Proof.
  intros E. unfold critical_item in E. destruct (prefix_spec (c P) (by_density reals P) (B P)) as [[X _]|(t & r & X & H & _)];
    [congruence|]. rewrite E in X. injection X as <-. intros j [<-|[]]. rewrite H. apply in_elt.
Qed.

Lemma relaxed_there n : there K client n = false -> relaxed P n = 0.
Proof.
  intros T. unfold relaxed. rewrite (kept_there _ cwmp_in_order n T). destruct (critical_item reals P) as [s|] eqn:E; [|lra].
  rewrite (kept_there _ (critical_in_order s E) n T). lra.
Qed.

Lemma spend_there y : (forall n, there K client n = false -> y n = 0) ->
  spend P y = spends K client (of_client K client y).
Proof.
  intros T. unfold spends. rewrite <- (pool_spend K client total). apply sum_ext. intros n _. unfold trim.
  destruct (there K client n) eqn:E; [auto|]. rewrite (T n E). ring.
Qed.

Lemma value_there y : value P y = retains K client (of_client K client y).
Proof. apply pool_value; auto. Qed.

(* The pool's relaxation decides by its price. *)
Lemma decided n : In n (indices P) -> c P n <= total ->
  (lam * c P n < p P n -> relaxed P n = 1) /\ (p P n < lam * c P n -> relaxed P n = 0).
Proof.
  intros L F. destruct (cwmp_priced P V) as (_ & K1 & K2). fold lam in K1, K2. specialize (K1 n L). specialize (K2 n L).
  unfold relaxed. destruct (in_dec Nat.eq_dec n (cwmp reals P)) as [Y|N].
  - rewrite (kept_in _ n Y). specialize (K1 Y). split; intros H; [|lra].
    destruct (critical_item reals P) as [s|] eqn:E; [|lra].
    destruct (critical_spec P s V E) as (_ & _ & _ & _ & Q & _). rewrite (kept_out [s] n); [lra|]. intros [->|[]]. tauto.
  - rewrite (kept_out _ n N). specialize (K2 N). change (B P) with total in K2. split; intros H; [lra|].
    destruct (critical_item reals P) as [s|] eqn:E; [|lra].
    destruct (in_dec Nat.eq_dec n [s]) as [[<-|[]]|Ns]; [exfalso|rewrite (kept_out [s] n Ns); lra].
    destruct (critical_spec P s V E) as (_ & _ & _ & Cs & _ & _).
    assert (lam = density P s) by (unfold lam, price; now rewrite E). pose proof (density_times P s Cs). rewrite H1 in H. lra.
Qed.

Lemma decides k i : In k (seq 0 K) -> In i (indices (client k)) ->
  (lam * c (client k) i < p (client k) i -> z k i = 1) /\ (p (client k) i < lam * c (client k) i -> z k i = 0).
Proof.
  intros L Li. destruct (there_item K client total k i L Li) as (T & E1 & E2 & Lp).
  assert (Ec : c P (k * W K client + i)%nat = c (client k) i) by (cbn [c P pool]; unfold P, pool; cbn [c]; now rewrite T, E1, E2).
  assert (Ep : p P (k * W K client + i)%nat = p (client k) i) by (unfold P, pool; cbn [p]; now rewrite T, E1, E2).
  pose proof (decided (k * W K client + i)%nat Lp) as D. rewrite Ec, Ep in D. apply D. now apply (proj2 (Fine k L)).
Qed.

Lemma z_shares : shares K client z.
Proof. intros k L. apply (client_fractional K client total); [exact L|]. now apply relaxed_fractional. Qed.
Lemma z_spends : spends K client z <= total.
Proof. unfold z. rewrite <- (spend_there _ relaxed_there). exact (relaxed_fits P V). Qed.

Lemma lam_nonneg : 0 <= lam.
Proof. now apply price_nonneg. Qed.

(* At the price no client can do better by itself. *)
Lemma client_best k y : In k (seq 0 K) -> fractional (client k) y ->
  value (client k) y - lam * spend (client k) y <= value (client k) (z k) - lam * spend (client k) (z k).
Proof.
  intros L Y. unfold value, spend. rewrite <- !sum_scale, <- !sum_minus. apply sum_le. intros i Li.
  destruct (decides k i L Li) as [D1 D2]. specialize (Y i Li). pose proof (z_shares k L i Li) as Zi.
  destruct (Rlt_dec (lam * c (client k) i) (p (client k) i)) as [G|G]; [rewrite (D1 G); nra|].
  destruct (Rlt_dec (p (client k) i) (lam * c (client k) i)) as [G'|G']; [rewrite (D2 G'); nra|].
  replace (p (client k) i) with (lam * c (client k) i) by lra. right. ring.
Qed.

Lemma all_best y : shares K client y ->
  retains K client y - lam * spends K client y <= retains K client z - lam * spends K client z.
Proof.
  intros Y. unfold retains, spends. rewrite <- !sum_scale, <- !sum_minus. apply sum_le. intros k L. apply client_best; auto.
Qed.

(* What of the total is left is worth nothing. *)
Lemma nothing_left : lam * (total - spends K client z) = 0.
Proof.
  pose proof (relaxed_gain P (relaxed P) V (relaxed_fractional P V) (relaxed_affordable P V)) as G. fold lam in G.
  change (B P) with total in G. rewrite (spend_there _ relaxed_there) in G. fold z in G.
  pose proof z_spends. pose proof lam_nonneg. nra.
Qed.

Lemma pooled_best y : shares K client y -> spends K client y <= total -> retains K client y <= retains K client z.
Proof. intros Y F. pose proof (all_best y Y). pose proof nothing_left. pose proof lam_nonneg. nra. Qed.

Lemma prefix_misses : let m := of_client K client (kept (cwmp reals P)) in
  (forall k, In k (seq 0 K) -> mask (client k) (m k)) /\ spends K client m <= total /\
  (retains K client z = retains K client m \/ exists k s, In k (seq 0 K) /\ In s (indices (client k)) /\
     retains K client z <= retains K client m + p (client k) s).
Proof.
  intros m. split; [intros k _ i _; apply kept_01|]. split.
  - unfold m. rewrite <- (spend_there _ (kept_there _ cwmp_in_order)). exact (cwmp_fits P V).
  - unfold z, m. rewrite <- !value_there, relaxed_value. unfold critical_score.
    destruct (critical_item reals P) as [s|] eqn:E; [right|left; lra].
    pose proof (critical_in_order s E s (or_introl eq_refl)) as L. pose proof (order_in _ _ _ L) as (Ls & Ps & _).
    assert (T : there K client s = true) by (apply (pool_keeps K client total [s]); [now apply critical_in_order|now left]).
    destruct (there_spec K client total s Ls T) as [L1 L2]. exists (s / W K client)%nat, (s mod W K client)%nat.
    split; [exact L1|]. split; [exact L2|]. assert (Ep : p P s = p (client (s / W K client)%nat) (s mod W K client)%nat)
      by (unfold P, pool; cbn [p]; now rewrite T).
    pose proof (share_range P V). rewrite Ep in *. nra.
Qed.

Lemma divided b : possible K client b -> sum b (seq 0 K) = total ->
  all_retain K client b <= retains K client z <= all_retain K client b +
    sum (fun k => Rabs (price_of client k b - lam) * Rabs (spend (client k) (z k) - b k)) (seq 0 K) /\
  (all_retain K client b = retains K client z <->
     exists mu, 0 <= mu /\ forall k, In k (seq 0 K) -> slope client k (b k) mu).
Proof.
  intros Pb S. set (r := fun k => relaxed (at_budget (client k) (b k))).
  assert (R1 : shares K client r) by (intros k L; apply (client_fits K client b k Pb L)).
  assert (R2 : spends K client r <= total).
  { rewrite <- S. apply sum_le. intros k L. apply (client_fits K client b k Pb L). }
  assert (R3 : all_retain K client b = retains K client r) by reflexivity.
  pose proof nothing_left as N0. pose proof lam_nonneg as Ln. split; [split|split].
  - rewrite R3. now apply pooled_best.
  - assert (G : retains K client z <=
      sum (fun k => best (client k) (b k) + price_of client k b * (spend (client k) (z k) - b k)) (seq 0 K)).
    { apply sum_le. intros k L. apply (client_gain K client b k _ Pb L). now apply z_shares. }
    rewrite sum_plus in G. fold (all_retain K client b) in G.
    assert (T : sum (fun k => price_of client k b * (spend (client k) (z k) - b k)) (seq 0 K) =
      sum (fun k => (price_of client k b - lam) * (spend (client k) (z k) - b k)) (seq 0 K)).
    { rewrite (sum_ext (fun k => (price_of client k b - lam) * (spend (client k) (z k) - b k))
        (fun k => price_of client k b * (spend (client k) (z k) - b k) - lam * (spend (client k) (z k) - b k))) by (intros; ring).
      rewrite sum_minus, sum_scale, sum_minus, S. fold (spends K client z). nra. }
    rewrite T in G. eapply Rle_trans; [exact G|]. apply Rplus_le_compat_l, sum_le. intros k _.
    rewrite <- Rabs_mult. apply Rle_abs.
  - intros E. exists lam. split; [exact Ln|].
    (* each client's part of the Lagrangian is as large as it can be, for the sum of them is *)
    assert (Part : forall k, In k (seq 0 K) -> best (client k) (b k) - lam * b k <= value (client k) (z k) - lam * spend (client k) (z k)).
    { intros k L. pose proof (client_best k (r k) L (R1 k L)) as G. destruct (client_fits K client b k Pb L) as [_ F].
      change (value (client k) (r k)) with (best (client k) (b k)) in G. fold (r k) in F. nra. }
    assert (Sum : sum (fun k => best (client k) (b k) - lam * b k) (seq 0 K) =
      sum (fun k => value (client k) (z k) - lam * spend (client k) (z k)) (seq 0 K)).
    { rewrite !sum_minus, !sum_scale, S. fold (all_retain K client b) (retains K client z) (spends K client z). nra. }
    intros k L y Y. pose proof (client_best k y L Y) as G.
    destruct (Rlt_dec (best (client k) (b k) - lam * b k) (value (client k) (z k) - lam * spend (client k) (z k))) as [X|X].
    + exfalso. pose proof (sum_lt _ _ _ k Part L X). lra.
    + nra.
  - intros (mu & Mu & Sl). assert (G : retains K client z <= sum (fun k => best (client k) (b k) + mu * (spend (client k) (z k) - b k)) (seq 0 K)).
    { apply sum_le. intros k L. apply (Sl k L), z_shares, L. }
    rewrite sum_plus, sum_scale, sum_minus, S in G. fold (all_retain K client b) (spends K client z) in G.
    assert (all_retain K client b <= retains K client z) by (rewrite R3; now apply pooled_best). pose proof z_spends. nra.
Qed.
End Proof.

Theorem proved : claim.
Proof.
  intros K client total H0 Fine. set (P := pool K client total).
  exists (price P), (of_client K client (relaxed P)), (of_client K client (kept (cwmp reals P))).
  destruct (prefix_misses K client total H0 Fine) as (M1 & M2 & M3).
  split; [now apply lam_nonneg|]. split; [now apply z_shares|]. split; [now apply z_spends|].
  split; [now apply decides|]. split; [now apply pooled_best|]. split; [exact M1|]. split; [exact M2|]. split; [exact M3|].
  now apply divided.
Qed.
