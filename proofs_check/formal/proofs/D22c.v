(* D22c. Item-wise CWMP, pages ignored, keeps a fixed share.

   There is kappa > 0 such that CWMP by p/c, stopped by the true cost, retains kappa times the best mask.

   Assumes: none. *)
From Coq Require Import Reals ZArith Lra Psatz List Bool Arith Permutation Sorted Lia.
From CWMP Require Import Prices Groups.
From CWMP Require Import D22a.
Import ListNotations.
Open Scope R_scope.

(* By p/c, until the first item that cannot be paid, its page included. *)
Section ItemWise.
Variables (n pages : nat) (p c : nat -> R) (page : nat -> nat) (f : nat -> R) (b : R).
Definition holds (l : list nat) (i : nat) : bool := existsb (Nat.eqb i) l.
Fixpoint paid (taken l : list nat) : list nat :=
  match l with
  | [] => taken
  | i :: r => if Rle_dec (cost n pages c page f (holds (i :: taken))) b then paid (i :: taken) r else taken
  end.
Definition order : list nat := sort (fun i j => leb reals (p j * c i) (p i * c j))
  (filter (fun i => if Rlt_dec 0 (p i) then true else false) (seq 0 n)).
Definition item_wise : list nat := paid [] order.
End ItemWise.

Definition claim : Prop := exists kappa, 0 < kappa /\ forall n pages p c page f b m,
  (forall i, In i (seq 0 n) -> 0 <= p i /\ 0 < c i /\ (page i < pages)%nat) -> (forall j, 0 <= f j) ->
  cost n pages c page f m <= b ->
  kappa * score n p m <= score n p (holds (item_wise n pages p c page f b)).

(* One item of score 3 on a page of its own, N of score 2 on another; costs 1 each, pages N each; the budget is 2 N. *)
Section Crowded.
Variable N : nat.
Hypothesis Some : 0 < INR N.
Let n := S N.
Let p (i : nat) : R := match i with 0%nat => 3 | _ => 2 end.
Let c (i : nat) : R := 1.
Let page (i : nat) : nat := match i with 0%nat => 0%nat | _ => 1%nat end.
Let f (j : nat) : R := INR N.

Lemma zero_there : In 0%nat (seq 0 n).
Proof. apply in_seq. unfold n. lia. Qed.

Lemma touched_page m j : touched n page m j = true <-> exists i, In i (seq 0 n) /\ page i = j /\ m i = true.
Proof.
  unfold touched. rewrite existsb_exists. split; intros (i & H).
  - destruct H as [H M]. apply in_on in H as [H P]. exists i. auto.
  - destruct H as (H & P & M). exists i. split; [now apply in_on|exact M].
Qed.

Lemma keep_rest (m : nat -> bool) (x : nat -> R) (v : R) : (forall i, (if m (S i) then x (S i) else 0) = v) -> keep m x (seq 0 n) = (if m 0%nat then x 0%nat else 0) + v * INR N.
Proof.
  intros H. unfold keep, n. cbn [seq total]. cbn [add reals]. f_equal. rewrite <- seq_shift, sum_map.
  rewrite (sum_ext _ (fun _ => v)) by (intros; apply H). now rewrite sum_const, seq_length.
Qed.

Lemma crowd_cost : cost n 2 c page f (fun i => negb (Nat.eqb i 0)) = 2 * INR N.
Proof.
  unfold cost. rewrite (keep_rest _ c 1) by reflexivity. cbn [negb Nat.eqb].
  assert (T : touched n page (fun i => negb (Nat.eqb i 0)) 0 = false).
  { apply not_true_iff_false. rewrite touched_page. intros ([|i] & _ & P & M); discriminate. }
  assert (T' : touched n page (fun i => negb (Nat.eqb i 0)) 1 = true).
  { apply touched_page. exists 1%nat. repeat split. apply in_seq. unfold n.
    assert (0 < N)%nat by (apply INR_lt; exact Some). lia. }
  unfold keep. cbn [seq total add reals]. rewrite T, T'. unfold f. cbn. lra.
Qed.

Lemma first_cost : cost n 2 c page f (holds [0%nat]) = 1 + INR N.
Proof.
  unfold cost. rewrite (keep_rest _ c 0) by reflexivity. cbn [holds existsb Nat.eqb orb].
  assert (T : touched n page (holds [0%nat]) 0 = true).
  { apply touched_page. exists 0%nat. repeat split. apply zero_there. }
  assert (T' : touched n page (holds [0%nat]) 1 = false).
  { apply not_true_iff_false. rewrite touched_page. intros ([|i] & _ & P & M); discriminate. }
  unfold keep. cbn [seq total add reals]. rewrite T, T'. unfold f, c. cbn. lra.
Qed.

Lemma second_cost j : In j (seq 0 n) -> j <> 0%nat -> 2 * INR N < cost n 2 c page f (holds [j; 0%nat]).
Proof.
  intros L J. unfold cost.
  assert (T : touched n page (holds [j; 0%nat]) 0 = true).
  { apply touched_page. exists 0%nat. split; [apply zero_there|]. split; [reflexivity|].
    apply existsb_exists. exists 0%nat. split; [right; now left|reflexivity]. }
  assert (T' : touched n page (holds [j; 0%nat]) 1 = true).
  { apply touched_page. exists j. split; [exact L|]. split; [destruct j; tauto|].
    apply existsb_exists. exists j. split; [now left|apply Nat.eqb_refl]. }
  assert (K : keep (touched n page (holds [j; 0%nat])) f (seq 0 2) = 2 * INR N).
  { unfold keep. cbn [seq total add reals]. rewrite T, T'. unfold f. cbn. lra. }
  rewrite K. assert (1 <= keep (holds [j; 0%nat]) c (seq 0 n)); [|lra].
  unfold keep. eapply Rle_trans; [|apply (sum_one (fun i => if holds [j; 0%nat] i then c i else 0) (seq 0 n) j); [|exact L]].
  - cbn. rewrite Nat.eqb_refl. cbn. unfold c. lra.
  - intros i _. unfold c. destruct (holds [j; 0%nat] i); lra.
Qed.

Lemma keeps_one : item_wise n 2 p c page f (2 * INR N) = [0%nat].
Proof.
  assert (Pos : forall i, 0 < p i) by (intros [|i]; cbn; lra).
  set (all := filter (fun i => if Rlt_dec 0 (p i) then true else false) (seq 0 n)).
  assert (P : Permutation (order n p c) all) by apply sort_perm.
  assert (Sr : descending p (order n p c)).
  { apply sort_sorted. intros i j _ _. unfold c. rewrite leb_true. split; intros; lra. }
  assert (All : forall i, In i (order n p c) <-> In i (seq 0 n)).
  { intros i. split; intros L.
    - apply (Permutation_in _ P), filter_In in L. tauto.
    - apply (Permutation_in _ (Permutation_sym P)), filter_In. split; [exact L|]. specialize (Pos i). destruct Rlt_dec; tauto. }
  assert (ND : NoDup (order n p c)) by (apply (Permutation_NoDup (Permutation_sym P)), NoDup_filter, seq_NoDup).
  unfold item_wise. destruct (order n p c) as [|h r].
  - exfalso. apply (All 0%nat), zero_there.
  - assert (h = 0%nat).
    { destruct h as [|h]; [auto|exfalso]. assert (Z : In 0%nat (S h :: r)) by (apply All, zero_there).
      destruct Z as [Z|Z]; [discriminate|]. apply StronglySorted_inv in Sr as [_ Sr]. rewrite Forall_forall in Sr.
      specialize (Sr 0%nat Z). cbn in Sr. lra. }
    subst h. cbn [paid]. destruct Rle_dec as [_|F]; [|exfalso; apply F; rewrite first_cost].
    + destruct r as [|j r]; [reflexivity|]. cbn [paid]. destruct Rle_dec as [F|_]; [exfalso|reflexivity].
      apply NoDup_cons_iff in ND as [ND _]. assert (2 * INR N < cost n 2 c page f (holds [j; 0%nat])); [|lra].
      apply second_cost; [apply All; right; now left|]. intros ->. apply ND. now left.
    + assert (1 <= INR N); [|lra]. replace 1 with (INR 1) by reflexivity. apply le_INR, INR_lt. exact Some.
Qed.

Lemma crowd_share kappa : 3 < kappa * (2 * INR N) -> ~ forall n pages p c page f b m,
  (forall i, In i (seq 0 n) -> 0 <= p i /\ 0 < c i /\ (page i < pages)%nat) -> (forall j, 0 <= f j) ->
  cost n pages c page f m <= b ->
  kappa * score n p m <= score n p (holds (item_wise n pages p c page f b)).
Proof.
  intros K H. specialize (H n 2%nat p c page f (2 * INR N) (fun i => negb (Nat.eqb i 0))).
  rewrite keeps_one, crowd_cost in H. unfold score in H. rewrite !(keep_rest _ p 2), !(keep_rest _ p 0) in H by reflexivity.
  cbn in H. assert (X : kappa * (0 + 2 * INR N) <= 3 + 0 * INR N); [|lra]. apply H; [| |lra].
  - intros [|i] _; unfold p, c, page; repeat split; try lra; lia.
  - intros j. unfold f. lra.
Qed.
End Crowded.

Theorem refuted : ~ claim.
Proof.
  intros (kappa & K & H). assert (P : 0 < 3 / (2 * kappa)) by (apply Rdiv_lt_0_compat; lra).
  destruct (archimed (3 / (2 * kappa))) as [G _]. set (N := Z.to_nat (up (3 / (2 * kappa)))).
  assert (E : INR N = IZR (up (3 / (2 * kappa)))).
  { unfold N. rewrite INR_IZR_INZ, Z2Nat.id; [reflexivity|]. apply le_IZR. lra. }
  apply (crowd_share N) with (kappa := kappa); rewrite ?E; [lra| |exact H].
  apply (Rmult_lt_compat_l (2 * kappa)) in G; [|lra]. replace (2 * kappa * (3 / (2 * kappa))) with 3 in G by (field; lra). lra.
Qed.
