(* As Transfer.v, for the selectors by page and by layer: what is run over the integers is what the theorems speak of. *)
From Coq Require Import Reals ZArith List Bool.
From CWMP Require Import PagedSelector SafeSelector Transfer.
Import ListNotations.

Definition claim : Prop := forall (I : instance Z) (pages layers : nat) (page layer : nat -> nat) (f : nat -> Z) (num den : Z),
  let J := image IZR I in let fees j := IZR (f j) in let over := IZR den in let of := IZR num in
  by_pages reals J pages page fees = by_pages integers I pages page f /\
  critical_entry reals J pages page fees = critical_entry integers I pages page f /\
  (forall e, worth reals J page fees e = IZR (worth integers I page f e) /\
     costing reals J page fees e = IZR (costing integers I page f e)) /\
  safe_prefix reals J layer layers of over = safe_prefix integers I layer layers num den /\
  safe_fill reals J layer layers of over = safe_fill integers I layer layers num den /\
  safe_best_of reals J layer layers of over = safe_best_of integers I layer layers num den /\
  safe_critical reals J layer layers of over = safe_critical integers I layer layers num den.

Section Transfer.
Context {T U} {A : arithmetic T} {A' : arithmetic U} {h : T -> U} (K : keeps_arithmetic A A' h).
Variables (I : instance T) (pages : nat) (page : nat -> nat) (f : nat -> T) (num den : T).
Let J := image h I.
Let g j := h (f j).

(* Items in order, with costs that are images. *)
Lemma prefix_of cost cost' l : (forall i, cost' i = h (cost i)) -> forall b, prefix A' cost' (h b) l = prefix A cost b l.
Proof.
  intros E. induction l as [|i l IH]; intros b; cbn; [auto|].
  rewrite E, (keeps_leb _ _ _ K), <- (keeps_sub _ _ _ K), IH. auto.
Qed.
Lemma critical_of cost cost' l : (forall i, cost' i = h (cost i)) -> forall b, critical A' cost' (h b) l = critical A cost b l.
Proof.
  intros E. induction l as [|i l IH]; intros b; cbn; [auto|].
  rewrite E, (keeps_leb _ _ _ K), <- (keeps_sub _ _ _ K), IH. auto.
Qed.

Lemma denser_of i j : denser A' J i j = denser A I i j.
Proof. unfold denser. cbn. now rewrite <- !(keeps_mul _ _ _ K), (keeps_leb _ _ _ K). Qed.

Lemma payable_of : payable A' J page g = payable A I page f.
Proof.
  apply filter_ext. intros i. cbn. unfold g.
  now rewrite <- (keeps_zero _ _ _ K), <- (keeps_sub _ _ _ K), !(keeps_leb _ _ _ K).
Qed.
Lemma grown_of l : forall s x, grown A' J (h s) (h x) l = grown A I s x l.
Proof.
  induction l as [|i l IH]; intros s x; cbn; [auto|].
  now rewrite <- !(keeps_mul _ _ _ K), <- !(keeps_add _ _ _ K), (keeps_leb _ _ _ K), IH.
Qed.
Lemma block_of j : block A' J page g j = block A I page f j.
Proof.
  unfold block, ranked. rewrite payable_of, <- (keeps_zero _ _ _ K). unfold g at 1. rewrite grown_of. f_equal.
  apply sort_h. apply denser_of.
Qed.
Lemma members_of e : members A' J page g e = members A I page f e.
Proof. unfold members. cbn [d J image]. now rewrite block_of. Qed.
Lemma worth_of e : worth A' J page g e = h (worth A I page f e).
Proof. unfold worth. rewrite members_of. apply (total_h K). Qed.
Lemma costing_of e : costing A' J page g e = h (costing A I page f e).
Proof.
  unfold costing, fee. rewrite members_of, (keeps_add _ _ _ K), <- (total_h K). f_equal. cbn [d J image].
  destruct (Nat.ltb e (d I)); [symmetry; apply K|reflexivity].
Qed.
Lemma entries_of_of j : entries_of A' J page g j = entries_of A I page f j.
Proof. unfold entries_of. now rewrite block_of, payable_of. Qed.
Lemma entries_all : entries A' J pages page g = entries A I pages page f.
Proof.
  unfold entries. rewrite (flat_map_ext _ _ entries_of_of). apply sort_h. intros i j. unfold before.
  now rewrite !worth_of, !costing_of, <- !(keeps_mul _ _ _ K), (keeps_leb _ _ _ K).
Qed.
Lemma by_pages_of : by_pages A' J pages page g = by_pages A I pages page f.
Proof.
  unfold by_pages, fitting. rewrite entries_all. cbn [B J image]. rewrite (prefix_of _ _ _ costing_of).
  apply flat_map_ext, members_of.
Qed.
Lemma critical_entry_of : critical_entry A' J pages page g = critical_entry A I pages page f.
Proof. unfold critical_entry. rewrite entries_all. apply (critical_of _ _ _ costing_of). Qed.

Notation layer := page.
Notation layers := pages.
Lemma order_of : by_density A' J = by_density A I.
Proof. apply (by_density_h K). Qed.
Lemma top_k_of : top_k A' J = top_k A I.
Proof. unfold top_k. unfold J. rewrite (by_score_h K). apply (prefix_h K). Qed.
Lemma top_of_of l : top_of A' J layer l = top_of A I layer l.
Proof. unfold top_of. now rewrite top_k_of. Qed.
Lemma reaching_of l : forall need, reaching A' J (h den) (h need) l = reaching A I den need l.
Proof.
  induction l as [|i l IH]; intros need; cbn; [auto|].
  now rewrite <- (keeps_zero _ _ _ K), <- (keeps_mul _ _ _ K), <- (keeps_sub _ _ _ K), (keeps_leb _ _ _ K), IH.
Qed.
Lemma reserve_of l : reserve A' J layer (h num) (h den) l = reserve A I layer num den l.
Proof.
  unfold reserve, owed. rewrite top_of_of, order_of, <- reaching_of. f_equal.
  rewrite (keeps_mul _ _ _ K). f_equal. apply (total_h K).
Qed.
Lemma costs_of k : costs A' J k = h (costs A I k).
Proof. apply (total_h K). Qed.
Lemma kept_first_of : kept_first A' J layer layers (h num) (h den) = kept_first A I layer layers num den.
Proof.
  unfold kept_first, reserves. rewrite (flat_map_ext _ _ reserve_of), costs_of. cbn [B J image].
  rewrite (keeps_leb _ _ _ K). destruct leb; [reflexivity|]. apply flat_map_ext. intros l. unfold cheaper.
  now rewrite reserve_of, top_of_of, !costs_of, (keeps_leb _ _ _ K).
Qed.
Lemma others_of : others A' J layer layers (h num) (h den) = others A I layer layers num den.
Proof. unfold others. now rewrite kept_first_of, order_of. Qed.
Lemma left_of : left_over A' J layer layers (h num) (h den) = h (left_over A I layer layers num den).
Proof. unfold left_over. rewrite kept_first_of, costs_of. symmetry. apply K. Qed.
Lemma safe_prefix_of : safe_prefix A' J layer layers (h num) (h den) = safe_prefix A I layer layers num den.
Proof. unfold safe_prefix. rewrite kept_first_of, others_of, left_of. f_equal. apply (prefix_h K). Qed.
Lemma safe_critical_of : safe_critical A' J layer layers (h num) (h den) = safe_critical A I layer layers num den.
Proof. unfold safe_critical. rewrite others_of, left_of. apply (critical_h K). Qed.
Lemma safe_fill_of : safe_fill A' J layer layers (h num) (h den) = safe_fill A I layer layers num den.
Proof. unfold safe_fill. rewrite kept_first_of, others_of, left_of. f_equal. apply (fill_h K). Qed.
Lemma safe_best_of_of : safe_best_of A' J layer layers (h num) (h den) = safe_best_of A I layer layers num den.
Proof.
  unfold safe_best_of. rewrite safe_fill_of, top_k_of. cbn [p J image]. now rewrite !(total_h K), (keeps_leb _ _ _ K).
Qed.
End Transfer.

Theorem proved : claim.
Proof.
  intros I pages layers page layer f num den J fees over of. pose proof IZR_keeps as K.
  repeat apply conj; [apply (by_pages_of K)|apply (critical_entry_of K)| |apply (safe_prefix_of K)|apply (safe_fill_of K)
    |apply (safe_best_of_of K)|apply (safe_critical_of K)].
  intros e. split; [apply (worth_of K)|apply (costing_of K)].
Qed.
